/// Protobuf written by hand, to say what our encoder would not, and to check what it says.
struct ProtobufBytes {
    private(set) var bytes: [UInt8] = []

    init() {}

    /// A field of a number or of an enum.
    func number(_ field: Int, _ value: UInt64) -> ProtobufBytes {
        appending(varint(UInt64(field) << 3) + varint(value))
    }

    /// A field of text, bytes or a message.
    func block(_ field: Int, _ content: [UInt8]) -> ProtobufBytes {
        appending(varint(UInt64(field) << 3 | 2) + varint(UInt64(content.count)) + content)
    }

    /// A field that holds a message.
    func message(_ field: Int, _ content: ProtobufBytes) -> ProtobufBytes { block(field, content.bytes) }

    /// A field of text.
    func text(_ field: Int, _ content: String) -> ProtobufBytes { block(field, Array(content.utf8)) }

    /// Adds bytes as they are.
    mutating func append(_ more: [UInt8]) { bytes += more }

    private func appending(_ more: [UInt8]) -> ProtobufBytes {
        var result = self
        result.bytes += more
        return result
    }

    private func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var result: [UInt8] = []
        while rest > 127 {
            result.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return result + [UInt8(rest)]
    }
}
