/// A JSON document as it came: numbers are not rounded, and the order of members is kept.
///
/// Checkpoint headers must refuse a name that occurs twice, which a decoder into dictionaries cannot see.
package enum JSONValue: Equatable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A whole number that fits an `Int`.
    case integer(Int)
    /// Any other number.
    case number(Double)
    /// Text.
    case string(String)
    /// A list.
    case array([JSONValue])
    /// An object.
    case object(JSONObject)

    /// The same value, with a number that is whole as an integer.
    package var simplified: JSONValue {
        if case .number(let number) = self, let whole = Int(exactly: number) { return .integer(whole) }
        return self
    }

    /// What it is, for messages.
    package var kind: String {
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
package struct JSONObject: Equatable, Sendable {
    /// Names and values in the order of the file.
    package private(set) var members: [(name: String, value: JSONValue)] = []
    private var places: [String: Int] = [:]

    /// An object of these members, of which the first of each name counts.
    package init(_ members: [(String, JSONValue)] = []) {
        for (name, value) in members { _ = add(name, value) }
    }

    /// The value of a member; nil when it is absent.
    package subscript(name: String) -> JSONValue? { places[name].map { members[$0].value } }

    /// Adds a member; false when the name is taken.
    mutating func add(_ name: String, _ value: JSONValue) -> Bool {
        guard places.updateValue(members.count, forKey: name) == nil else { return false }
        members.append((name, value))
        return true
    }

    /// The same members in the same order.
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.elementsEqual(right.members) { $0.name == $1.name && $0.value == $1.value }
    }
}
