internal import Foundation

/// Composes text (Unicode's form NFC): a letter and its accents become one character where there is one.
///
/// Costs n log n, also for text that is nothing but accents, which the system's own function orders in quadratic time.
enum TextComposer {
    /// Characters after which a text is cut at the next place where nothing can compose.
    private static let partLength = 1024

    /// The composed form of valid UTF-8.
    static func composed(_ bytes: [UInt8]) -> [UInt8] {
        // Characters below U+0300 compose with nothing before them, and nothing happens between two of them.
        guard var next = bytes.firstIndex(where: { $0 >= leastByte }) else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var copied = 0
        while next < bytes.count {
            guard bytes[next] >= leastByte else {
                next += 1
                continue
            }
            var start = next
            if start > copied { repeat { start -= 1 } while bytes[start] & 0xC0 == 0x80 }
            while next < bytes.count, bytes[next] >= leastByte { next = bytes.span.scalar(at: next).end }
            result += bytes[copied..<start]
            result += composedPart(String(decoding: bytes[start..<next], as: UTF8.self)).utf8
            copied = next
        }
        result += bytes[copied...]
        return result
    }

    /// The first byte of U+0300; a byte from here on begins a character from there on.
    private static let leastByte: UInt8 = 0xCC

    private static func composedPart(_ text: String) -> String {
        var result = ""
        var part = String.UnicodeScalarView()
        var length = 0
        for scalar in orderedMarks(in: text) {
            let isAlone = scalar == Self.miscomposed
            if isAlone || length >= partLength && isBoundary(scalar) {
                result += composed(part)
                part = String.UnicodeScalarView()
                length = 0
            }
            guard !isAlone else {
                result.unicodeScalars.append(scalar)
                continue
            }
            part.append(scalar)
            length += 1
        }
        return result + composed(part)
    }

    /// The first consonant of Hangul that is in no syllable; the system's function makes one of it all the same, and
    /// something that is no text.
    private static let miscomposed: Unicode.Scalar = "\u{1113}"

    private static func composed(_ part: String.UnicodeScalarView) -> String {
        // Taken apart first: the system's function does not add a last consonant to a syllable of Hangul that has none.
        String(part).decomposedStringWithCanonicalMapping.precomposedStringWithCanonicalMapping
    }

    /// The same text with each run of marks in canonical order, so that nothing remains to be sorted.
    private static func orderedMarks(in text: String) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var marks: [Mark] = []
        for scalar in text.unicodeScalars {
            for part in Self.parts[scalar] ?? [scalar] {
                let order = part.properties.canonicalCombiningClass.rawValue
                if order == 0 {
                    flush(&marks, into: &result)
                    result.append(part)
                } else {
                    marks.append(Mark(order: order, index: marks.count, scalar: part))
                }
            }
        }
        flush(&marks, into: &result)
        return result
    }

    private struct Mark {
        var order: UInt8
        var index: Int
        var scalar: Unicode.Scalar
    }

    private static func flush(_ marks: inout [Mark], into result: inout [Unicode.Scalar]) {
        guard !marks.isEmpty else { return }
        // Those of one order stay as they came.
        marks.sort { ($0.order, $0.index) < ($1.order, $1.index) }
        result += marks.map(\.scalar)
        marks.removeAll(keepingCapacity: true)
    }

    /// The marks that are two marks by definition and never become one again.
    private static let parts: [Unicode.Scalar: [Unicode.Scalar]] = [
        "\u{344}": ["\u{308}", "\u{301}"], "\u{F73}": ["\u{F71}", "\u{F72}"],
        "\u{F75}": ["\u{F71}", "\u{F74}"], "\u{F81}": ["\u{F71}", "\u{F80}"],
    ]

    /// Whether the text before a character and the text from it on compose each for itself.
    private static func isBoundary(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: false
        // Among other letters there are second halves: the vowels of Hangul, and in young scripts.
        case .otherLetter:
            switch scalar.value {
            case 0x1100...0x115F, 0x4E00...0x9FFF, 0xAC00...0xD7A3: true
            default: false
            }
        default: true
        }
    }
}
