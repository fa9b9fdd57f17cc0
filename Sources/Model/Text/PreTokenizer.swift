/// Cuts text into the words inside which byte pairs are merged, by the rule that GPT-2 set.
///
/// The rule, in order of preference at each place: one of the English contractions `'s 't 're 've 'm 'll 'd`; letters,
/// digits, or other marks in a row, each with at most one space before; white space up to but not including the last
/// one before a word; any white space. Every byte falls into exactly one word.
struct PreTokenizer: Sequence, IteratorProtocol {
    private let bytes: ArraySlice<UInt8>
    private let end: Int
    private var position: Int

    /// Cuts `bytes`, which must be valid UTF-8.
    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
        end = bytes.endIndex
    }

    /// The bytes of the next word; nil at the end.
    mutating func next() -> ArraySlice<UInt8>? {
        guard position < end else { return nil }
        let start = position
        position = contractionEnd(from: start) ?? wordEnd(from: start)
        return bytes[start..<position]
    }

    private func contractionEnd(from start: Int) -> Int? {
        guard bytes[start] == UInt8(ascii: "'"), start + 1 < end else { return nil }
        switch bytes[start + 1] {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"): return second(start, is: UInt8(ascii: "e"))
        case UInt8(ascii: "l"): return second(start, is: UInt8(ascii: "l"))
        default: return nil
        }
    }

    private func second(_ start: Int, is byte: UInt8) -> Int? {
        start + 2 < end && bytes[start + 2] == byte ? start + 3 : nil
    }

    private func wordEnd(from start: Int) -> Int {
        var current = character(at: start)
        if bytes[start] == UInt8(ascii: " "), current.end < end {
            let following = character(at: current.end)
            if following.kind != .whitespace { current = following }
        }
        if current.kind == .whitespace { return whitespaceEnd(from: start, firstEnd: current.end) }
        var next = current.end
        while next < end {
            let following = character(at: next)
            guard following.kind == current.kind else { break }
            next = following.end
        }
        return next
    }

    private func whitespaceEnd(from start: Int, firstEnd: Int) -> Int {
        var last = start
        var next = firstEnd
        while next < end {
            let following = character(at: next)
            guard following.kind == .whitespace else {
                // The last white space before a word goes with the word, or stands alone.
                return last > start ? last : next
            }
            last = next
            next = following.end
        }
        return next
    }

    private func character(at index: Int) -> (kind: CharacterKind, end: Int) {
        let first = bytes[index]
        if first < 0x80 { return (CharacterKind(ascii: first), index + 1) }
        let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        var value = UInt32(first) & (length == 2 ? 0x1F : length == 3 ? 0x0F : 0x07)
        for offset in 1..<length { value = value << 6 | UInt32(bytes[index + offset] & 0x3F) }
        return (Unicode.Scalar(value).map(CharacterKind.init) ?? .other, index + length)
    }
}

/// The four classes of characters that the rule tells apart.
private enum CharacterKind {
    case letter
    case number
    case whitespace
    case other

    init(ascii byte: UInt8) {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): self = .letter
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self = .number
        case 0x09...0x0D, 0x20: self = .whitespace
        default: self = .other
        }
    }

    init(_ scalar: Unicode.Scalar) {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
        case .decimalNumber, .letterNumber, .otherNumber: self = .number
        default: self = scalar.properties.isWhitespace ? .whitespace : .other
        }
    }
}
