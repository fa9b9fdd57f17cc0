internal import Foundation

/// Reads the small JSON files of a checkpoint folder, none of which is trusted.
enum ConfigurationFile {
    /// No such file may be larger, in bytes: fifty times the largest published index.
    static let byteLimit = 16 << 20

    /// The object in a JSON file; nil when there is no such file.
    ///
    /// - Throws: `unreadableFile` or `invalidJSON`.
    static func object(at path: String) throws(CheckpointError) -> JSONObject? {
        // Model caches keep links in the folder and the contents elsewhere.
        let url = URL(filePath: path)
        let name = url.lastPathComponent
        let target = url.resolvingSymlinksInPath()
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: target.path) else { return nil }
        guard attributes[.type] as? FileAttributeType == .typeRegular else {
            throw CheckpointError(.unreadableFile, file: name, "expected a regular file, found something else")
        }
        let size = (attributes[.size] as? NSNumber)?.int64Value ?? 0
        guard size <= byteLimit else {
            throw CheckpointError(
                .unreadableFile,
                file: name,
                "expected at most \(byteLimit) bytes, found \(size); is this the right file?"
            )
        }
        // Foundation leaks its buffer when it reads an empty file.
        guard let data = size == 0 ? Data() : try? Data(contentsOf: target) else {
            throw CheckpointError(
                .unreadableFile,
                file: name,
                "the file is there but cannot be read; check its permissions"
            )
        }
        return try object(in: [UInt8](data), file: name)
    }

    /// The object that the bytes of a file hold.
    ///
    /// - Throws: `invalidJSON`.
    static func object(in bytes: [UInt8], file: String) throws(CheckpointError) -> JSONObject {
        let value: JSONValue
        do {
            value = try JSONParser.parse(bytes)
        } catch {
            throw CheckpointError(
                .invalidJSON,
                file: file,
                offset: error.offset,
                "this is not JSON: expected \(error.expectation)"
            )
        }
        guard case .object(let object) = value else {
            throw CheckpointError(.invalidJSON, file: file, "expected a JSON object, found \(value.kind)")
        }
        return object
    }
}
