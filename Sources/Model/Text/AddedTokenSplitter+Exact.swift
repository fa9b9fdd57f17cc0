extension AddedTokenSplitter {
    /// A match with the white space that its flags ask for; nil when it has to be a word and is a part of one.
    ///
    /// This is what `tokenizer.json` means by the flags. White space before `start` belongs to an earlier token.
    func grown(_ match: Piece, in text: [UInt8], after start: Int) -> Piece? {
        guard let id = match.id, let token = tokens[id] else { return match }
        var first = match.bytes.startIndex
        var end = match.bytes.endIndex
        if token.isSingleWord {
            if first > 0, Self.scalar(before: first, in: text).scalar.isPartOfWord { return nil }
            if end < text.count, text.span.scalar(at: end).scalar.isPartOfWord { return nil }
        }
        while token.stripsLeft, first > start {
            let previous = Self.scalar(before: first, in: text)
            guard previous.scalar.properties.isWhitespace else { break }
            first = previous.start
        }
        while token.stripsRight, end < text.count {
            let following = text.span.scalar(at: end)
            guard following.scalar.properties.isWhitespace else { break }
            end = following.end
        }
        return Piece(bytes: text[first..<end], id: id)
    }

    private static func scalar(before index: Int, in text: [UInt8]) -> (scalar: Unicode.Scalar, start: Int) {
        var start = index - 1
        while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
        return (text.span.scalar(at: start).scalar, start)
    }
}

extension Unicode.Scalar {
    /// What `\w` means in the patterns of `tokenizer.json`.
    fileprivate var isPartOfWord: Bool {
        if properties.isAlphabetic || properties.isJoinControl { return true }
        return switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
        default: false
        }
    }
}
