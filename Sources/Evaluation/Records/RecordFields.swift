internal import Shared

/// Reads the fields of one record or prediction; each error names its number and the field, never what stands there.
struct RecordFields {
    /// Bytes that one text of a record may have.
    static let textLimit = 1 << 16

    /// What the object is, for messages: `record 7`.
    private let subject: String
    private let code: EvaluationError.Code
    private let object: JSONObject

    /// Throws unless the value is an object.
    init(_ value: JSONValue, subject: String, code: EvaluationError.Code) throws(EvaluationError) {
        guard case .object(let object) = value else {
            throw EvaluationError(code, "Expected \(subject) to be an object; \(value.kind) came.")
        }
        self.subject = subject
        self.code = code
        self.object = object
    }

    /// The value of a field; null counts as absent.
    subscript(name: String) -> JSONValue? {
        let value = object[name]
        return value == .null ? nil : value
    }

    /// An error about a field.
    func invalid(_ name: String, _ rest: String) -> EvaluationError {
        EvaluationError(code, "Expected `\(name)` of \(subject) \(rest).")
    }

    /// The first of some spellings of a field that is there.
    func first(_ names: String...) -> String? { names.first { self[$0] != nil } }

    /// A text, nil when the field is absent.
    func text(_ name: String) throws(EvaluationError) -> String? {
        guard let value = self[name] else { return nil }
        guard case .string(let text) = value else { throw invalid(name, "to be a string; \(value.kind) came") }
        return try bounded(text, name)
    }

    /// A text that has to be there.
    func requiredText(_ name: String) throws(EvaluationError) -> String {
        guard let text = try text(name) else { throw missing(name) }
        return text
    }

    /// A text or a whole number as text, as data sets write ids and counts; nil when the field is absent.
    func word(_ name: String) throws(EvaluationError) -> String? {
        guard let value = self[name] else { return nil }
        switch value.simplified {
        case .string(let text): return try bounded(text, name)
        case .integer(let number): return String(number)
        case .number(let number): return String(number)
        default: throw invalid(name, "to be a string or a number; \(value.kind) came")
        }
    }

    /// A list that has to be there.
    func list(_ name: String) throws(EvaluationError) -> [JSONValue] {
        guard let value = self[name] else { throw missing(name) }
        guard case .array(let list) = value else { throw invalid(name, "to be a list; \(value.kind) came") }
        return list
    }

    /// The error about a field that has to be there.
    func missing(_ name: String) -> EvaluationError { invalid(name, "to be there; it is missing") }

    private func bounded(_ text: String, _ name: String) throws(EvaluationError) -> String {
        guard text.utf8.count <= Self.textLimit else {
            throw invalid(name, "to have at most \(Self.textLimit) bytes; \(text.utf8.count) came")
        }
        return text
    }
}
