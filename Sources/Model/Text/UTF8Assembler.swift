/// Joins bytes that arrive in parts into characters, and never hands out half a character.
struct UTF8Assembler: Sendable {
    /// The beginning of a character whose end has not come yet, three bytes at most.
    private var pending: [UInt8] = []

    /// Takes bytes and returns the valid UTF-8 that is now certain; what can never become valid is U+FFFD.
    mutating func append(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        pending += bytes
        let complete = pending.count - Self.incompleteTail(of: pending)
        defer { pending.removeFirst(complete) }
        return Self.repaired(pending[..<complete])
    }

    /// Ends the text: an unfinished character becomes U+FFFD.
    mutating func finish() -> [UInt8] {
        defer { pending.removeAll() }
        return Self.repaired(pending[...])
    }

    private static func repaired(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        Array(String(decoding: bytes, as: UTF8.self).utf8)
    }

    /// How many bytes at the end are a valid beginning of a character, and no more than that.
    private static func incompleteTail(of bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let tail = bytes.suffix(length)
            guard let lead = tail.first, lead & 0xC0 != 0x80 else { continue }
            return isBeginning(tail, lead: lead) ? length : 0
        }
        return 0
    }

    private static func isBeginning(_ tail: ArraySlice<UInt8>, lead: UInt8) -> Bool {
        let length: Int
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        default: return false
        }
        guard tail.count < length else { return false }
        guard let second = tail.dropFirst().first else { return true }
        // Overlong forms, surrogates and values past U+10FFFF are excluded by the second byte.
        switch lead {
        case 0xE0: return second >= 0xA0
        case 0xED: return second <= 0x9F
        case 0xF0: return second >= 0x90
        case 0xF4: return second <= 0x8F
        default: return true
        }
    }
}
