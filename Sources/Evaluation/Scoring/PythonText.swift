/// Text as Python sees it, in which the published scorer is written: by code point, with Python's white space.
///
/// Swift compares strings by what they look like, so that `é` in one piece equals `e` and an accent; Python does not.
enum PythonText {
    /// A word, compared code point by code point.
    typealias Word = [Unicode.Scalar]

    /// What `str.split` and `str.strip` take for white space.
    static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }

    /// What `\d` matches.
    static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .decimalNumber }

    /// `str.strip`.
    static func stripped(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !isBlank($0) }),
            let last = scalars.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(scalars[first...last])
    }

    /// `str.split`.
    static func words(_ text: Word) -> [Word] {
        text.split(whereSeparator: isBlank).map { Array($0) }
    }

    /// `str.lower`: code point by code point, but a capital sigma that ends a word becomes the final one.
    static func lowercased(_ text: some Sequence<Unicode.Scalar>) -> Word {
        let scalars = Array(text)
        var result: Word = []
        result.reserveCapacity(scalars.count)
        for (index, scalar) in scalars.enumerated() {
            if scalar.value == 0x3A3 {
                let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
                let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
                let endsWord = before?.properties.isCased == true && after?.properties.isCased != true
                result.append(endsWord ? "\u{3C2}" : "\u{3C3}")
            } else {
                result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
            }
        }
        return result
    }

    /// `needle in text`.
    static func contains(_ text: Word, _ needle: Word) -> Bool {
        guard needle.count <= text.count else { return false }
        return (0...(text.count - needle.count)).contains { text[$0..<$0 + needle.count].elementsEqual(needle) }
    }
}
