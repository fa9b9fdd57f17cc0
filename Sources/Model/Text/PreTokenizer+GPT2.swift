extension PreTokenizer {
    /// The rule that GPT-2 set.
    ///
    /// In order of preference at each place: one of the English contractions `'s 't 're 've 'm 'll 'd`; letters,
    /// digits, or other marks in a row, each with at most one space before; white space up to but not including the
    /// last one before a word; any white space.
    func gpt2WordEnd(in bytes: Span<UInt8>, from start: Int) -> Int {
        if let end = contractionEnd(in: bytes, from: start) { return end }
        var current = character(in: bytes, at: start)
        if bytes[start] == UInt8(ascii: " "), current.end < bytes.count {
            let following = character(in: bytes, at: current.end)
            if following.kind != .whitespace { current = following }
        }
        guard current.kind == .whitespace else { return runEnd(of: current.kind, in: bytes, from: current.end) }
        return whitespaceEnd(in: bytes, from: start, firstEnd: current.end)
    }

    private func contractionEnd(in bytes: Span<UInt8>, from start: Int) -> Int? {
        guard bytes[start] == UInt8(ascii: "'"), start + 1 < bytes.count else { return nil }
        let following = start + 2 < bytes.count ? bytes[start + 2] : 0
        switch (bytes[start + 1], following) {
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _):
            return start + 2
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return start + 3
        default: return nil
        }
    }

    /// The end of white space: all of it at the end of the text, else all but the last, which goes with the word.
    func whitespaceEnd(in bytes: Span<UInt8>, from start: Int, firstEnd: Int) -> Int {
        var last = start
        var next = firstEnd
        while next < bytes.count {
            let following = character(in: bytes, at: next)
            guard following.kind == .whitespace else {
                // One alone is a word of its own.
                return last > start ? last : next
            }
            last = next
            next = following.end
        }
        return next
    }
}
