/// Reads checked fields out of one object of a configuration file; each error names the file and the field.
struct ConfigurationFields {
    private let object: JSONObject
    private let file: String
    private let path: String

    /// Reads from `object`, which stands in `file` below `path` (`moe.`, or nothing at the top).
    init(_ object: JSONObject, file: String, path: String = "") {
        self.object = object
        self.file = file
        self.path = path
    }

    /// An error about a field.
    func problem(
        _ key: String,
        _ message: String,
        code: CheckpointError.Code = .invalidConfiguration,
    ) -> CheckpointError {
        CheckpointError(code, file: file, "field \(path)\(key): \(message)")
    }

    /// The value of a field that may have several spellings; nil when it is absent or null under all of them.
    ///
    /// - Throws: `invalidConfiguration` when two spellings contradict each other.
    private func value(_ keys: [String]) throws(CheckpointError) -> (key: String, value: JSONValue)? {
        var found: (key: String, value: JSONValue)?
        for key in keys {
            guard let value = object[key], value != .null else { continue }
            if let first = found {
                guard first.value.double == value.double, first.value.double != nil || first.value == value else {
                    throw problem(key, "contradicts \(path)\(first.key) in the same file; remove the wrong one")
                }
            } else {
                found = (key, value)
            }
        }
        return found
    }

    /// Whether a field is there and not null.
    func has(_ key: String) -> Bool { object[key].map { $0 != .null } ?? false }

    /// A whole number within bounds; nil when it is absent.
    func integer(_ keys: String..., in bounds: ClosedRange<Int>) throws(CheckpointError) -> Int? {
        guard let (key, value) = try value(keys) else { return nil }
        guard let number = value.wholeNumber else {
            throw problem(key, "expected a whole number, found \(value.kind)")
        }
        guard bounds.contains(number) else {
            throw problem(key, "expected \(bounds.lowerBound) to \(bounds.upperBound), found \(number)")
        }
        return number
    }

    /// A whole number within bounds that must be there.
    func requiredInteger(_ key: String, in bounds: ClosedRange<Int>) throws(CheckpointError) -> Int {
        guard let number = try integer(key, in: bounds) else {
            throw problem(key, "expected a whole number, found none")
        }
        return number
    }

    /// A number within bounds; nil when it is absent.
    func number(_ keys: String..., in bounds: ClosedRange<Double>) throws(CheckpointError) -> Double? {
        guard let (key, value) = try value(keys) else { return nil }
        guard let number = value.double else { throw problem(key, "expected a number, found \(value.kind)") }
        guard bounds.contains(number) else {
            throw problem(key, "expected \(bounds.lowerBound) to \(bounds.upperBound), found \(number)")
        }
        return number
    }

    /// True or false; nil when it is absent.
    func flag(_ key: String) throws(CheckpointError) -> Bool? {
        guard let (_, value) = try value([key]) else { return nil }
        guard case .bool(let flag) = value else { throw problem(key, "expected true or false, found \(value.kind)") }
        return flag
    }

    /// A string; nil when it is absent.
    func string(_ key: String) throws(CheckpointError) -> String? {
        guard let (_, value) = try value([key]) else { return nil }
        guard case .string(let text) = value else { throw problem(key, "expected a string, found \(value.kind)") }
        return text
    }

    /// One whole number or a list of at most `limit`, each within bounds; nil when it is absent.
    func integers(_ key: String, in bounds: ClosedRange<Int>, limit: Int) throws(CheckpointError) -> [Int]? {
        guard let (_, value) = try value([key]) else { return nil }
        let numbers: [Int]
        if let one = value.wholeNumber {
            numbers = [one]
        } else if let list = value.integers, list.count <= limit {
            numbers = list
        } else {
            throw problem(key, "expected a whole number or a list of at most \(limit), found \(value.kind)")
        }
        for number in numbers where !bounds.contains(number) {
            throw problem(key, "expected \(bounds.lowerBound) to \(bounds.upperBound), found \(number)")
        }
        return numbers
    }

    /// The fields of an object within; nil when it is absent.
    func fields(_ key: String) throws(CheckpointError) -> ConfigurationFields? {
        guard let (_, value) = try value([key]) else { return nil }
        guard case .object(let object) = value else { throw problem(key, "expected an object, found \(value.kind)") }
        return ConfigurationFields(object, file: file, path: "\(path)\(key).")
    }

    /// Refuses a field that is there with another value than the only one served.
    func demand(_ key: String, _ wanted: JSONValue) throws(CheckpointError) {
        guard let (_, value) = try value([key]), value != wanted else { return }
        if let left = value.double, let right = wanted.double, left == right { return }
        throw problem(key, "only \(wanted.plain) is supported, found \(value.plain)", code: .unsupported)
    }
}

extension JSONValue {
    /// The number, whole or not; nil when it is something else.
    var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The number if it is whole, also when it is written as `4.0`.
    var wholeNumber: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The value as words of a message.
    fileprivate var plain: String {
        if case .string(let text) = self { "\"\(CheckpointError.quotable(text))\"" } else { kind }
    }
}
