/// Cuts text into the words inside which byte pairs are merged; every byte falls into exactly one word.
///
/// Costs the same for each byte, whatever the text: no run is looked at more than a few times.
struct PreTokenizer: Sendable {
    /// The rule that it goes by.
    let pattern: TokenizerPattern

    /// The end of the word that begins at `start`, which lies before the end of `bytes`, which are valid UTF-8.
    func wordEnd(in bytes: Span<UInt8>, from start: Int) -> Int {
        switch pattern {
        case .gpt2: gpt2WordEnd(in: bytes, from: start)
        case .arcade: cl100kWordEnd(in: bytes, from: start, mostDigits: 1)
        case .cl100k: cl100kWordEnd(in: bytes, from: start, mostDigits: 3)
        case .whole: bytes.count
        }
    }

    /// The class of the character at `index`, and where the next one begins.
    func character(in bytes: Span<UInt8>, at index: Int) -> (kind: CharacterKind, end: Int) {
        let first = bytes[index]
        if first < 0x80 { return (CharacterKind(ascii: first), index + 1) }
        let (scalar, end) = bytes.scalar(at: index)
        return (CharacterKind(scalar), end)
    }

    /// The first place from `start` on at which a character of another class stands.
    func runEnd(of kind: CharacterKind, in bytes: Span<UInt8>, from start: Int) -> Int {
        var next = start
        while next < bytes.count {
            let following = character(in: bytes, at: next)
            guard following.kind == kind else { break }
            next = following.end
        }
        return next
    }
}

extension Span<UInt8> {
    /// The character that begins at `index` in valid UTF-8, and where the next one begins.
    func scalar(at index: Int) -> (scalar: Unicode.Scalar, end: Int) {
        let first = self[index]
        guard first >= 0xC0 else { return (Unicode.Scalar(first), index + 1) }
        let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        var value = UInt32(first) & (length == 2 ? 0x1F : length == 3 ? 0x0F : 0x07)
        for offset in 1..<length { value = value << 6 | UInt32(self[index + offset] & 0x3F) }
        return (Unicode.Scalar(value) ?? "\u{FFFD}", index + length)
    }
}

/// The four classes of characters that the rules tell apart.
enum CharacterKind {
    case letter
    case number
    case whitespace
    case other

    /// The class of an ASCII character.
    @inline(__always)
    init(ascii byte: UInt8) {
        // Most bytes are small letters; one comparison settles those and the capitals.
        if (byte | 0x20) &- UInt8(ascii: "a") < 26 {
            self = .letter
        } else if byte == 0x20 || byte &- 0x09 < 5 {
            self = .whitespace
        } else {
            self = byte &- UInt8(ascii: "0") < 10 ? .number : .other
        }
    }

    /// The class of any character.
    init(_ scalar: Unicode.Scalar) {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
        case .decimalNumber, .letterNumber, .otherNumber: self = .number
        default: self = scalar.properties.isWhitespace ? .whitespace : .other
        }
    }
}
