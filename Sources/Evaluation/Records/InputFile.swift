internal import Foundation
internal import Shared

/// Reads whole files of a bounded size.
package enum InputFile {
    /// Records that a data set may have.
    static let recordLimit = 1_000_000

    /// Bytes that a data file may have.
    package static let byteLimit = 1 << 30

    /// The bytes of a plain file; errors name it by its last part.
    package static func read(_ path: String, limit: Int = byteLimit) throws(EvaluationError) -> [UInt8] {
        let name = URL(filePath: path).lastPathComponent
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
            throw EvaluationError(.unreadableFile, "Expected a file \(name); there is none at \(path).")
        }
        let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
        guard let size, size <= limit else {
            throw EvaluationError(.tooLarge, "Expected \(name) to have at most \(limit) bytes; it has more, split it.")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw EvaluationError(.unreadableFile, "Expected to read \(path); opening it failed, look at its rights.")
        }
        return [UInt8](data)
    }

    /// The JSON list that bytes hold, at most `limit` values long; a byte-order mark is passed over.
    static func jsonList(_ bytes: [UInt8], limit: Int = recordLimit) throws(EvaluationError) -> [JSONValue] {
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        let value: JSONValue
        do {
            value = try JSONParser.parse(hasMark ? Array(bytes.dropFirst(3)) : bytes)
        } catch {
            throw EvaluationError(
                .invalidFile,
                "Expected a JSON list of records; at byte \(error.offset) this was expected: \(error.expectation).",
            )
        }
        guard case .array(let list) = value else {
            throw EvaluationError(.invalidFile, "Expected a JSON list of records; \(value.kind) came.")
        }
        guard !list.isEmpty else {
            throw EvaluationError(.invalidFile, "Expected at least one record; the list is empty.")
        }
        guard list.count <= limit else {
            throw EvaluationError(.tooLarge, "Expected at most \(limit) records; \(list.count) came, split the file.")
        }
        return list
    }
}
