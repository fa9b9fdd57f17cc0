internal import CZeroMQ

/// The public half of a CURVE key pair, as the 40 characters of Z85 that people copy.
package struct CurvePublicKey: Hashable, Sendable, CustomStringConvertible {
    /// Characters of a key.
    package static let length = 40

    /// The key.
    package let text: String

    /// Takes a key from outside; nil unless it is 40 characters of Z85.
    package init?(_ text: String) {
        guard CurvePublicKey.isKey(text) else { return nil }
        self.text = text
    }

    /// The key of these 32 bytes, as ZeroMQ hands it to an authenticator; nil for another number of them.
    init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        var characters = [CChar](repeating: 0, count: CurvePublicKey.length + 1)
        guard unsafe zmq_z85_encode(&characters, bytes, bytes.count) != nil else { return nil }
        text = String(decoding: characters.prefix(CurvePublicKey.length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether a text has the form of a key, public or secret.
    static func isKey(_ text: String) -> Bool {
        guard text.utf8.count == length, text.utf8.allSatisfy(alphabet.contains) else { return false }
        var bytes = [UInt8](repeating: 0, count: 32)
        return unsafe zmq_z85_decode(&bytes, text) != nil
    }

    /// The key.
    package var description: String { text }

    private static let alphabet = Set(
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#".utf8
    )
}
