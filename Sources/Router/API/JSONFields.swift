internal import Shared

/// Reads the fields of one JSON object; each wrong type is an error that names the field's path.
///
/// A field that is null counts as absent, as the OpenAI API has it.
struct JSONFields {
    private let path: String
    private let fields: [String: JSONValue]

    /// Throws `invalidRequest` unless the value is an object.
    init(_ value: JSONValue, path: String) throws(QueryError) {
        guard case .object(let object) = value else {
            let subject = path.isEmpty ? "The request body" : "`\(path)`"
            throw QueryError(
                .invalidRequest,
                "\(subject) has to be an object; \(value.kind) came.",
                parameter: path.isEmpty ? nil : path,
            )
        }
        self.path = path
        fields = Dictionary(uniqueKeysWithValues: object.members.map { ($0.name, $0.value) })
            .filter { $0.value != .null }
    }

    /// The names of the fields that are there.
    var names: Set<String> { Set(fields.keys) }

    /// The path of a field, as errors name it.
    func path(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    /// Any value.
    func value(_ name: String) -> JSONValue? { fields[name] }

    /// An error about a field.
    func invalid(_ name: String, _ sentence: String) -> QueryError {
        QueryError(.invalidRequest, "`\(path(name))` \(sentence)", parameter: path(name))
    }

    func string(_ name: String) throws(QueryError) -> String? {
        guard let value = fields[name] else { return nil }
        guard case .string(let string) = value else { throw invalid(name, "has to be a string; \(value.kind) came.") }
        return string
    }

    func bool(_ name: String) throws(QueryError) -> Bool? {
        guard let value = fields[name] else { return nil }
        guard case .bool(let bool) = value else { throw invalid(name, "has to be a boolean; \(value.kind) came.") }
        return bool
    }

    func number(_ name: String, in range: ClosedRange<Double>) throws(QueryError) -> Double? {
        guard let value = fields[name] else { return nil }
        let number: Double
        switch value {
        case .integer(let integer): number = Double(integer)
        case .number(let double): number = double
        default: throw invalid(name, "has to be a number; \(value.kind) came.")
        }
        guard range.contains(number) else {
            throw invalid(name, "has to be between \(range.lowerBound) and \(range.upperBound); \(number) came.")
        }
        return number
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(QueryError) -> Int? {
        guard let value = fields[name] else { return nil }
        guard case .integer(let integer) = value.simplified else {
            throw invalid(name, "has to be a whole number; \(value.kind) came.")
        }
        guard range.contains(integer) else {
            throw invalid(name, "has to be between \(range.lowerBound) and \(range.upperBound); \(integer) came.")
        }
        return integer
    }

    func array(_ name: String) throws(QueryError) -> [JSONValue]? {
        guard let value = fields[name] else { return nil }
        guard case .array(let array) = value else { throw invalid(name, "has to be an array; \(value.kind) came.") }
        return array
    }

    func object(_ name: String) throws(QueryError) -> JSONFields? {
        guard let value = fields[name] else { return nil }
        return try JSONFields(value, path: path(name))
    }

    /// Throws for the first field, by name, that is not known.
    func allowOnly(_ known: Set<String>) throws(QueryError) {
        guard let unknown = names.subtracting(known).min() else { return }
        throw invalid(unknown, "is not supported; leave it out.")
    }
}
