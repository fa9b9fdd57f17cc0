extension PreTokenizer {
    /// The rule of the 100k vocabularies.
    ///
    /// In order of preference at each place: an English contraction, small or capital; letters in a row with any one
    /// character before that is no letter, number or line end; digits, `mostDigits` at most; other marks in a row with
    /// at most one space before and all line ends after; white space up to its last line end; white space up to but
    /// not including the last one before a word; any white space.
    func cl100kWordEnd(in bytes: Span<UInt8>, from start: Int, mostDigits: Int) -> Int {
        if let end = anyContractionEnd(in: bytes, from: start) { return end }
        let first = character(in: bytes, at: start)
        if first.kind == .letter { return runEnd(of: .letter, in: bytes, from: first.end) }
        if first.kind == .number { return digitsEnd(in: bytes, from: first.end, most: mostDigits - 1) }
        let second = first.end < bytes.count ? character(in: bytes, at: first.end) : nil
        if let second, second.kind == .letter, !Self.isLineEnd(bytes[start]) {
            return runEnd(of: .letter, in: bytes, from: second.end)
        }
        if first.kind == .other { return marksEnd(in: bytes, from: first.end) }
        if let second, second.kind == .other, bytes[start] == UInt8(ascii: " ") {
            return marksEnd(in: bytes, from: second.end)
        }
        return lastLineEnd(in: bytes, from: start) ?? whitespaceEnd(in: bytes, from: start, firstEnd: first.end)
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    private func digitsEnd(in bytes: Span<UInt8>, from start: Int, most: Int) -> Int {
        var next = start
        for _ in 0..<most where next < bytes.count {
            let following = character(in: bytes, at: next)
            guard following.kind == .number else { break }
            next = following.end
        }
        return next
    }

    private func marksEnd(in bytes: Span<UInt8>, from start: Int) -> Int {
        var next = runEnd(of: .other, in: bytes, from: start)
        while next < bytes.count, Self.isLineEnd(bytes[next]) { next += 1 }
        return next
    }

    /// The place after the last line end of the white space from `start` on; nil when there is none in it.
    private func lastLineEnd(in bytes: Span<UInt8>, from start: Int) -> Int? {
        var last: Int?
        var next = start
        while next < bytes.count {
            let following = character(in: bytes, at: next)
            guard following.kind == .whitespace else { break }
            if Self.isLineEnd(bytes[next]) { last = following.end }
            next = following.end
        }
        return last
    }

    private func anyContractionEnd(in bytes: Span<UInt8>, from start: Int) -> Int? {
        guard bytes[start] == UInt8(ascii: "'"), start + 1 < bytes.count else { return nil }
        let following = start + 2 < bytes.count ? bytes[start + 2] : 0
        switch (bytes[start + 1] | 0x20, following | 0x20) {
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _):
            return start + 2
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return start + 3
        default:
            // The long s (U+017F) is the letter s where capitals do not count.
            return bytes[start + 1] == 0xC5 && following == 0xBF ? start + 3 : nil
        }
    }
}
