/// A place in a word where two symbols may be merged.
struct Candidate {
    /// Rank of the merge; lower goes first.
    var rank: Int32
    /// Index of the left symbol in the word.
    var position: Int
}

/// A binary heap of merge candidates, by rank and then by position.
struct CandidateQueue {
    private var heap: [Candidate] = []

    mutating func insert(_ candidate: Candidate) {
        heap.append(candidate)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(heap[child], heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the first candidate out; nil when there is none.
    mutating func popFirst() -> Candidate? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first
    }

    /// Takes the first candidate out if it has this rank.
    mutating func popFirst(rank: Int32) -> Candidate? {
        heap.first?.rank == rank ? popFirst() : nil
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if precedes(heap[child], heap[smallest]) { smallest = child }
            }
            guard smallest != parent else { return }
            heap.swapAt(smallest, parent)
            parent = smallest
        }
    }

    private func precedes(_ left: Candidate, _ right: Candidate) -> Bool {
        (left.rank, left.position) < (right.rank, right.position)
    }
}
