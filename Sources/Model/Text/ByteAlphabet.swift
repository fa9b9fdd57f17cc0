/// The spelling of bytes in `vocab.json`: every byte has one visible character, so that tokens are readable text.
///
/// Bytes that are visible in Latin-1 stand for themselves; the other 68 follow in order from U+0100.
enum ByteAlphabet {
    /// The character of each byte, 256 entries.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt16 = 0x100
        return (UInt8.min...UInt8.max).map { byte in
            guard !isVisible(byte) else { return Unicode.Scalar(byte) }
            defer { next += 1 }
            return Unicode.Scalar(next) ?? Unicode.Scalar(byte)
        }
    }()

    /// The byte of each character of the alphabet.
    private static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
        uniqueKeysWithValues: zip(scalars, UInt8.min...UInt8.max)
    )

    /// The bytes that a spelled token stands for; nil when it has a character outside the alphabet.
    static func decode(_ token: String) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(token.utf8.count)
        for scalar in token.unicodeScalars {
            // ASCII stands for itself where it is visible, which spares the table most look-ups.
            if scalar.value < 0x7F, scalar.value > 0x20 {
                result.append(UInt8(scalar.value))
            } else if let byte = bytes[scalar] {
                result.append(byte)
            } else {
                return nil
            }
        }
        return result
    }

    private static func isVisible(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
    }
}
