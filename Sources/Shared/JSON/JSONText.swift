/// Writes JSON text.
package enum JSONText {
    /// A string in quotes, with what JSON demands escaped.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\" + String(scalar)
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// A document, indented by two spaces a level; lists of numbers and empty ones stay on one line.
    package static func document(_ value: JSONValue) -> String {
        text(value, indent: 0) + "\n"
    }

    private static func text(_ value: JSONValue, indent: Int) -> String {
        let inner = "\n" + String(repeating: " ", count: 2 * indent + 2)
        let outer = "\n" + String(repeating: " ", count: 2 * indent)
        switch value {
        case .null: return "null"
        case .bool(let flag): return String(flag)
        case .integer(let number): return String(number)
        case .number(let number): return String(number)
        case .string(let text): return quoted(text)
        case .array(let values):
            guard values.contains(where: { if case .integer = $0 { false } else { true } }) else {
                return "[" + values.map { text($0, indent: 0) }.joined(separator: ", ") + "]"
            }
            return "[" + values.map { inner + text($0, indent: indent + 1) }.joined(separator: ",") + outer + "]"
        case .object(let object):
            guard !object.members.isEmpty else { return "{}" }
            let members = object.members.map { inner + quoted($0.name) + ": " + text($0.value, indent: indent + 1) }
            return "{" + members.joined(separator: ",") + outer + "}"
        }
    }
}
