internal import Foundation

/// Reads the files of a tokenizer from a checkpoint folder, none of which is trusted.
struct TokenizerFiles {
    /// Names of the files in the published layout.
    enum Name {
        static let tokenizer = "tokenizer.json"
        static let vocabulary = "vocab.json"
        static let merges = "merges.txt"
        static let configuration = "tokenizer_config.json"
        static let specialTokens = "special_tokens_map.json"
        static let addedTokens = "added_tokens.json"
    }

    /// No file may be larger: twenty times the largest published one, in bytes.
    static let byteLimit = 64 << 20

    private let folder: URL

    /// Reads from this folder.
    init(folder: String) {
        self.folder = URL(filePath: folder, directoryHint: .isDirectory)
    }

    /// The bytes of a file that must be there.
    func requiredData(_ name: String) throws(TokenizerError) -> Data {
        guard let data = try optionalData(name) else {
            throw TokenizerError(
                .missingFile,
                file: name,
                message: "expected this tokenizer file in the checkpoint folder, found none; add it to the folder"
            )
        }
        return data
    }

    /// The bytes of a file; nil when it is not there.
    func optionalData(_ name: String) throws(TokenizerError) -> Data? {
        // Model caches keep links in the folder and the contents elsewhere.
        let url = folder.appending(path: name).resolvingSymlinksInPath()
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: url.path) else { return nil }
        guard attributes[.type] as? FileAttributeType == .typeRegular else {
            throw TokenizerError(.unreadableFile, file: name, message: "expected a regular file, found something else")
        }
        let size = (attributes[.size] as? NSNumber)?.int64Value ?? 0
        guard size <= Self.byteLimit else {
            throw TokenizerError(
                .tooLarge,
                file: name,
                message: "expected at most \(Self.byteLimit) bytes, found \(size); is this the right file?"
            )
        }
        // Foundation leaks its buffer when it reads an empty file.
        guard size > 0 else { return Data() }
        do {
            return try Data(contentsOf: url)
        } catch {
            throw TokenizerError(
                .unreadableFile,
                file: name,
                message: "the file is there but cannot be read; check its permissions"
            )
        }
    }

    /// The value in a JSON file that must be there.
    func required<Value: Decodable>(_ type: Value.Type, from name: String) throws(TokenizerError) -> Value {
        try decode(type, from: try requiredData(name), name: name)
    }

    /// The value in a JSON file; nil when the file is not there.
    func optional<Value: Decodable>(_ type: Value.Type, from name: String) throws(TokenizerError) -> Value? {
        guard let data = try optionalData(name) else { return nil }
        return try decode(type, from: data, name: name)
    }

    private func decode<Value: Decodable>(
        _ type: Value.Type,
        from data: Data,
        name: String
    ) throws(TokenizerError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw TokenizerError(.invalidJSON, file: name, message: Self.sentence(for: error))
        } catch {
            throw TokenizerError(.invalidJSON, file: name, message: "expected JSON, found something else")
        }
    }

    private static func sentence(for error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context):
            "expected a field \(place(context.codingPath + [key])), found none"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "found a value of another type than expected at \(place(context.codingPath))"
        case .dataCorrupted(let context):
            "expected well-formed JSON, found a fault at \(place(context.codingPath))"
        @unknown default: "expected JSON of another shape"
        }
    }

    private static func place(_ path: [any CodingKey]) -> String {
        path.isEmpty ? "the top level" : "`" + path.map(\.stringValue).joined(separator: ".").prefix(120) + "`"
    }
}
