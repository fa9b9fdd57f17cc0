/// Writes JSON text, members in their order.
package enum JSONText {
    /// A string in quotes, with what JSON demands escaped.
    package static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        write(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A value without white space.
    package static func bytes(_ value: JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        write(value, indent: nil, to: &bytes)
        return bytes
    }

    /// A document, indented by two spaces a level; lists of numbers and empty ones stay on one line.
    package static func document(_ value: JSONValue) -> String {
        var bytes: [UInt8] = []
        write(value, indent: 0, to: &bytes)
        return String(decoding: bytes, as: UTF8.self) + "\n"
    }

    /// Writes a value; `indent` is the level of its lines, nil for no white space at all.
    private static func write(_ value: JSONValue, indent: Int?, to bytes: inout [UInt8]) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += String(value).utf8
        case .integer(let value): bytes += String(value).utf8
        case .number(let value): bytes += (value.isFinite ? String(value) : "null").utf8
        case .string(let text): write(text, to: &bytes)
        case .array(let values):
            let isPlain = values.allSatisfy { if case .integer = $0 { true } else { false } }
            writeList(values.count, in: "[]", indent: isPlain ? nil : indent, to: &bytes) { index, inner, bytes in
                write(values[index], indent: inner, to: &bytes)
            }
        case .object(let object):
            writeList(object.members.count, in: "{}", indent: indent, to: &bytes) { index, inner, bytes in
                write(object.members[index].name, to: &bytes)
                bytes += (inner == nil ? ":" : ": ").utf8
                write(object.members[index].value, indent: inner, to: &bytes)
            }
        }
    }

    private static func writeList(
        _ count: Int,
        in brackets: String,
        indent: Int?,
        to bytes: inout [UInt8],
        _ item: (Int, Int?, inout [UInt8]) -> Void,
    ) {
        let both = Array(brackets.utf8)
        let inner = indent.map { $0 + 1 }
        bytes.append(both[0])
        for index in 0..<count {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            startLine(inner, to: &bytes)
            item(index, inner, &bytes)
        }
        if count > 0 { startLine(indent, to: &bytes) }
        bytes.append(both[1])
    }

    private static func startLine(_ indent: Int?, to bytes: inout [UInt8]) {
        guard let indent else { return }
        bytes.append(0x0A)
        bytes += Array(repeating: 0x20, count: 2 * indent)
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x0A: bytes += "\\n".utf8
            case 0x09: bytes += "\\t".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
