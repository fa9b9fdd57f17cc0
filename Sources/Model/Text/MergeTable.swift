/// The ranked byte-pair merges of a tokenizer, and the merging itself, on token ids.
struct MergeTable: Sendable {
    /// Words of no more symbols than this are merged by looking at all pairs; for longer ones that would be too many.
    static let shortWord = 32

    /// Rank and result of each pair, rank above, so that the lower number goes first.
    private var merges: IntegerTable

    /// An empty table with room for `capacity` merges.
    init(capacity: Int) {
        merges = IntegerTable(capacity: capacity)
    }

    /// Adds the merge of `left` and `right` into `result` after all earlier ones; false when the pair is there already.
    mutating func append(_ left: Int32, _ right: Int32, result: Int32) -> Bool {
        let value = UInt64(merges.count) << 32 | UInt64(UInt32(bitPattern: result))
        return merges.insert(Self.key(left, right), value)
    }

    /// Merges the symbols of one word in place, lowest rank first and from left to right within a rank.
    ///
    /// A symbol below zero stands for a byte without a token and takes part in no merge. Costs n log n for n symbols,
    /// whatever they are, because a word may be as long as the text that somebody sends.
    func apply(to word: inout MergeWord) {
        if word.symbols.count <= Self.shortWord { applyToShort(&word) } else { applyToLong(&word.symbols) }
    }

    /// What the pair merges into and when; `IntegerTable.none` when it does not.
    @inline(__always)
    private func merge(_ left: Int32, _ right: Int32) -> UInt64 {
        left | right < 0 ? IntegerTable.none : merges[Self.key(left, right)]
    }

    private static func result(of merge: UInt64) -> Int32 { Int32(truncatingIfNeeded: merge) }

    @inline(__always)
    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }
}

/// The symbols of a word, with the room that merging them needs, so that words of a text share it.
struct MergeWord {
    /// The symbols, before and after.
    var symbols: [Int32] = []
    /// The merge of each symbol with the next one.
    fileprivate var merges: [UInt64] = []
}

extension MergeTable {
    private func applyToShort(_ word: inout MergeWord) {
        var count = word.symbols.count
        guard count > 1 else { return }
        word.merges.removeAll(keepingCapacity: true)
        for index in 1..<count { word.merges.append(merge(word.symbols[index - 1], word.symbols[index])) }
        word.merges.append(IntegerTable.none)
        while let lowest = Self.lowest(of: word.merges, count: count - 1) {
            count = join(lowest, in: &word, count: count)
        }
        word.symbols.removeLast(word.symbols.count - count)
    }

    private static func lowest(of merges: [UInt64], count: Int) -> UInt64? {
        var lowest = IntegerTable.none
        for index in 0..<count { lowest = min(lowest, merges[index]) }
        return lowest == IntegerTable.none ? nil : lowest
    }

    /// Carries out one merge wherever it stands among the first `count` symbols; returns how many remain.
    private func join(_ lowest: UInt64, in word: inout MergeWord, count: Int) -> Int {
        var read = 0
        var write = 0
        var previousIsNew = false
        while read < count {
            let joins = read + 1 < count && word.merges[read] == lowest
            let symbol = joins ? Self.result(of: lowest) : word.symbols[read]
            if write > 0, joins || previousIsNew { word.merges[write - 1] = merge(word.symbols[write - 1], symbol) }
            if joins { read += 1 }
            word.symbols[write] = symbol
            word.merges[write] = word.merges[read]
            previousIsNew = joins
            read += 1
            write += 1
        }
        return write
    }
}

extension MergeTable {
    private func applyToLong(_ symbols: inout [Int32]) {
        var word = LinkedWord(symbols)
        var queue = CandidateQueue()
        var changed: [Int] = []
        for index in symbols.indices.dropLast() { enqueue(index, of: word, into: &queue) }

        while let first = queue.popFirst() {
            // All places of one rank are merged before any pair that arises from them is looked at.
            changed.removeAll(keepingCapacity: true)
            var candidate: Candidate? = first
            while let current = candidate {
                if let merge = merge(at: current.position, of: word), Self.rank(of: merge) == first.rank {
                    word.joinWithNext(current.position, as: Self.result(of: merge))
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

    private static func rank(of merge: UInt64) -> Int32 { Int32(truncatingIfNeeded: merge >> 32) }

    private func enqueue(_ position: Int, of word: LinkedWord, into queue: inout CandidateQueue) {
        guard let merge = merge(at: position, of: word) else { return }
        queue.insert(Candidate(rank: Self.rank(of: merge), position: position))
    }

    private func merge(at position: Int, of word: LinkedWord) -> UInt64? {
        guard let pair = word.pair(at: position) else { return nil }
        let merge = merge(pair.left, pair.right)
        return merge == IntegerTable.none ? nil : merge
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
