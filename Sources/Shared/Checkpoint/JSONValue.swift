/// A JSON document as it stands in a file: numbers are not rounded, and the order of members is kept.
///
/// Checkpoint headers must refuse a name that occurs twice, which a decoder into dictionaries cannot see.
enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// What it is, for messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): String(value)
        case .integer(let value): "the number \(value)"
        case .number(let value): "the number \(value)"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// The members of a JSON object, in the order of the file, each name once.
struct JSONObject: Equatable, Sendable {
    /// Names and values in the order of the file.
    private(set) var members: [(name: String, value: JSONValue)] = []
    private var places: [String: Int] = [:]

    /// The value of a member; nil when it is absent.
    subscript(name: String) -> JSONValue? { places[name].map { members[$0].value } }

    /// Adds a member; false when the name is taken.
    mutating func add(_ name: String, _ value: JSONValue) -> Bool {
        guard places.updateValue(members.count, forKey: name) == nil else { return false }
        members.append((name, value))
        return true
    }

    static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.elementsEqual(right.members) { $0.name == $1.name && $0.value == $1.value }
    }
}
