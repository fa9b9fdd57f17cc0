/// The words that are one token as they stand, by their bytes: most words of most texts, and found without merging.
///
/// It is made once and never changes, so it needs neither a lock nor a bound: no text can fill it.
struct WordTable: Sendable {
    private struct Entry {
        var hash: UInt32
        var start: Int32
        var length: Int32
        /// Below zero where the place is free.
        var id: Int32
    }

    private var text: [UInt8] = []
    private var entries: [Entry]
    private let mask: Int
    private var longest = 0

    /// An empty table with room for `capacity` words.
    private init(capacity: Int) {
        var slots = 16
        while slots < 2 * capacity + 2 { slots *= 2 }
        entries = Array(repeating: Entry(hash: 0, start: 0, length: 0, id: -1), count: slots)
        mask = slots - 1
    }

    /// The tokens of a vocabulary whose bytes merge into just them, or all that stand for bytes if `takesAll`.
    init(_ ids: [String: Int], merges: MergeTable, bytes symbols: [Int32], takesAll: Bool) {
        self.init(capacity: ids.count)
        var word = MergeWord()
        for (token, id) in ids {
            guard let bytes = ByteAlphabet.decode(token) else { continue }
            if !takesAll {
                word.symbols = bytes.map { symbols[Int($0)] }
                merges.apply(to: &word)
                guard word.symbols == [Int32(id)] else { continue }
            }
            insert(bytes[...], id: id)
        }
    }

    /// Adds a word; there must be room, and it must not be there yet.
    private mutating func insert(_ word: ArraySlice<UInt8>, id: Int) {
        let hash = Self.hash(of: word.span)
        var slot = Int(hash) & mask
        while entries[slot].id >= 0 { slot = (slot + 1) & mask }
        entries[slot] = Entry(hash: hash, start: Int32(text.count), length: Int32(word.count), id: Int32(id))
        text += word
        longest = max(longest, word.count)
    }

    /// The token that is all of `word`; nil when there is none.
    func id(of word: Span<UInt8>) -> Int? {
        guard word.count <= longest else { return nil }
        let hash = Self.hash(of: word)
        var slot = Int(hash) & mask
        while entries[slot].id >= 0 {
            let entry = entries[slot]
            if entry.hash == hash, Int(entry.length) == word.count, isEqual(word, from: Int(entry.start)) {
                return Int(entry.id)
            }
            slot = (slot + 1) & mask
        }
        return nil
    }

    private func isEqual(_ word: Span<UInt8>, from start: Int) -> Bool {
        for index in 0..<word.count where text[start + index] != word[index] { return false }
        return true
    }

    private static func hash(of word: Span<UInt8>) -> UInt32 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in 0..<word.count { hash = (hash ^ UInt64(word[index])) &* 0x100_0000_01B3 }
        return UInt32(truncatingIfNeeded: hash >> 32 ^ hash)
    }
}
