internal import Shared

/// One object of `tokenizer.json`, read so that nothing in it is passed over without a word.
struct TokenizerJSONObject {
    /// Where it stands in the file, names with points between; empty at the top.
    let path: String
    private let object: JSONObject

    /// An object at a place; throws when something else stands there.
    init(_ value: JSONValue, path: String) throws(TokenizerError) {
        guard case .object(let object) = value else {
            throw TokenizerError(
                .invalidJSON,
                file: TokenizerFiles.Name.tokenizer,
                message: "expected an object at \(path.isEmpty ? "the top level" : "`\(path)`"), found \(value.kind)"
            )
        }
        self.object = object
        self.path = path
    }

    /// The refusal of something that the file asks for and this tokenizer does not do.
    static func unsupported(_ place: String, expected: String, found: String) -> TokenizerError {
        TokenizerError(
            .unsupported,
            file: TokenizerFiles.Name.tokenizer,
            message:
                "expected `\(place.prefix(120))` to be \(expected), found \(found); convert the tokenizer, or take "
                + "the file away if vocab.json and merges.txt are there"
        )
    }

    /// The refusal of this object.
    func failure(_ expected: String, found: String) -> TokenizerError {
        TokenizerError(
            .unsupported,
            file: TokenizerFiles.Name.tokenizer,
            message:
                "expected \(expected) in `\(path)`, found \(found); convert the tokenizer, or take the file away if "
                + "vocab.json and merges.txt are there"
        )
    }

    /// Refuses members of other names.
    func allowOnly(_ names: Set<String>) throws(TokenizerError) {
        for member in object.members where !names.contains(member.name) {
            throw failure("no member `\(member.name.prefix(40))`", found: "it")
        }
    }

    /// The `type`, which has to be one of those given; BPE where the file is so old that it says nothing.
    @discardableResult
    func expectType(_ types: [String]) throws(TokenizerError) -> String {
        let type = try string("type") ?? "BPE"
        guard types.contains(type) else {
            let found = "\"\(type.prefix(40))\""
            throw Self.unsupported("\(path).type", expected: types.joined(separator: " or "), found: found)
        }
        return type
    }

    /// Refuses a member that says anything but nothing.
    func expectNothing(_ name: String) throws(TokenizerError) {
        switch object[name]?.simplified {
        case nil, .null, .integer(0), .string(""): return
        case .some(let value): throw Self.unsupported(place(name), expected: "null", found: value.kind)
        }
    }

    /// Text; nil when it is absent or null.
    func string(_ name: String) throws(TokenizerError) -> String? {
        switch object[name] {
        case nil, .null: return nil
        case .string(let text): return text
        case .some(let value): throw wrongKind(name, expected: "a string", found: value)
        }
    }

    /// A whole number; nil when it is absent or null.
    func integer(_ name: String) throws(TokenizerError) -> Int? {
        switch object[name] {
        case nil, .null: return nil
        case .integer(let number): return number
        case .some(let value): throw wrongKind(name, expected: "a whole number", found: value)
        }
    }

    /// True or false.
    func bool(_ name: String, default standard: Bool) throws(TokenizerError) -> Bool {
        switch object[name] {
        case nil, .null: return standard
        case .bool(let value): return value
        case .some(let value): throw wrongKind(name, expected: "true or false", found: value)
        }
    }

    /// An object; nil when it is absent or null.
    func object(_ name: String) throws(TokenizerError) -> TokenizerJSONObject? {
        switch object[name] {
        case nil, .null: return nil
        case .some(let value): return try TokenizerJSONObject(value, path: place(name))
        }
    }

    /// A list; empty when it is absent or null.
    func list(_ name: String) throws(TokenizerError) -> [JSONValue] {
        switch object[name] {
        case nil, .null: return []
        case .array(let values): return values
        case .some(let value): throw wrongKind(name, expected: "a list", found: value)
        }
    }

    /// A list of objects; empty when it is absent or null.
    func objects(_ name: String) throws(TokenizerError) -> [TokenizerJSONObject] {
        var result: [TokenizerJSONObject] = []
        for (index, value) in try list(name).enumerated() {
            result.append(try TokenizerJSONObject(value, path: "\(place(name)).\(index)"))
        }
        return result
    }

    /// An object of whole numbers by name.
    func integers(_ name: String) throws(TokenizerError) -> [String: Int] {
        guard case .object(let members)? = object[name] else {
            throw wrongKind(name, expected: "an object", found: object[name] ?? .null)
        }
        var result: [String: Int] = [:]
        result.reserveCapacity(members.members.count)
        for (member, value) in members.members {
            guard case .integer(let number) = value else {
                throw wrongKind(name, expected: "whole numbers", found: value)
            }
            result[member] = number
        }
        return result
    }

    private func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    private func wrongKind(_ name: String, expected: String, found: JSONValue) -> TokenizerError {
        TokenizerError(
            .invalidJSON,
            file: TokenizerFiles.Name.tokenizer,
            message: "expected \(expected) at `\(place(name))`, found \(found.kind)"
        )
    }
}
