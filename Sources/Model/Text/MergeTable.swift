/// The ranked byte-pair merges of a tokenizer, and the merging itself, on token ids.
struct MergeTable: Sendable {
    private struct Merge {
        var rank: Int32
        var result: Int32
    }

    private var merges: [UInt64: Merge] = [:]

    /// An empty table with room for `capacity` merges.
    init(capacity: Int) {
        merges.reserveCapacity(capacity)
    }

    /// Adds the merge of `left` and `right` into `result` after all earlier ones; false when the pair is there already.
    mutating func append(_ left: Int32, _ right: Int32, result: Int32) -> Bool {
        let merge = Merge(rank: Int32(merges.count), result: result)
        return merges.updateValue(merge, forKey: Self.key(left, right)) == nil
    }

    /// Merges the symbols of one word in place, lowest rank first and from left to right within a rank.
    ///
    /// A symbol below zero stands for a byte without a token and takes part in no merge. Costs n log n for n symbols,
    /// whatever they are, because a word may be as long as the text that somebody sends.
    func apply(to symbols: inout [Int32]) {
        guard symbols.count > 1 else { return }
        var word = LinkedWord(symbols)
        var queue = CandidateQueue()
        for index in symbols.indices.dropLast() { enqueue(index, of: word, into: &queue) }

        while let first = queue.popFirst() {
            // All places of one rank are merged before any pair that arises from them is looked at.
            var changed: [Int] = []
            var candidate: Candidate? = first
            while let current = candidate {
                if let merge = merge(at: current.position, of: word), merge.rank == first.rank {
                    word.joinWithNext(current.position, as: merge.result)
                    changed.append(current.position)
                }
                candidate = queue.popFirst(rank: first.rank)
            }
            for position in changed {
                if let previous = word.previous(of: position) { enqueue(previous, of: word, into: &queue) }
                enqueue(position, of: word, into: &queue)
            }
        }
        symbols = word.remaining
    }

    private func enqueue(_ position: Int, of word: LinkedWord, into queue: inout CandidateQueue) {
        guard let merge = merge(at: position, of: word) else { return }
        queue.insert(Candidate(rank: merge.rank, position: position))
    }

    private func merge(at position: Int, of word: LinkedWord) -> Merge? {
        guard let pair = word.pair(at: position) else { return nil }
        return merges[Self.key(pair.left, pair.right)]
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }
}

/// The symbols of a word as a doubly linked list over arrays, so that joining two costs the same everywhere.
private struct LinkedWord {
    private var symbols: [Int32]
    private var isJoined: [Bool]
    private var nextIndex: [Int]
    private var previousIndex: [Int]

    init(_ symbols: [Int32]) {
        self.symbols = symbols
        isJoined = Array(repeating: false, count: symbols.count)
        nextIndex = Array(1...symbols.count)
        previousIndex = Array(-1..<(symbols.count - 1))
    }

    /// The symbol at `position` and its right neighbour; nil when it was joined to its left one or is the last.
    func pair(at position: Int) -> (left: Int32, right: Int32)? {
        let next = nextIndex[position]
        guard !isJoined[position], next < symbols.count else { return nil }
        return (symbols[position], symbols[next])
    }

    func previous(of position: Int) -> Int? {
        let index = previousIndex[position]
        return index >= 0 ? index : nil
    }

    mutating func joinWithNext(_ position: Int, as symbol: Int32) {
        let joined = nextIndex[position]
        symbols[position] = symbol
        isJoined[joined] = true
        nextIndex[position] = nextIndex[joined]
        if nextIndex[joined] < symbols.count { previousIndex[nextIndex[joined]] = position }
    }

    var remaining: [Int32] {
        symbols.indices.filter { !isJoined[$0] }.map { symbols[$0] }
    }
}
