/// The rules for text on the wire: short, and no control characters, for it ends up in logs.
enum WireText {
    /// Throws `limitExceeded` or `invalidField` for text that may not travel.
    static func check(_ text: String, field: String) throws(WireError) {
        let count = text.utf8.count
        guard count <= WireLimits.textBytes else {
            throw WireError(.limitExceeded, "\(field) has \(count) bytes; the limit is \(WireLimits.textBytes)")
        }
        guard text.utf8.allSatisfy({ !isControl($0) }) else {
            throw WireError(.invalidField, "\(field) holds a control character; plain text is expected")
        }
    }

    /// The text made fit to travel: control characters become spaces, and what is beyond the limit is cut off.
    static func clipped(_ text: String) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            let fit: Unicode.Scalar = scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar
            count += UTF8.width(fit)
            guard count <= WireLimits.textBytes else { break }
            result.unicodeScalars.append(fit)
        }
        return result
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }
}
