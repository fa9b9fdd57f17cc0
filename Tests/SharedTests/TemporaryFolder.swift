import Foundation

/// A folder for one test, gone when the test lets go of it.
final class TemporaryFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "medmoe-shared-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The names of the files in it, sorted.
    var files: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    func path(_ name: String) -> String { path + "/" + name }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let url = URL(filePath: path(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(bytes).write(to: url)
        return url.path
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }

    /// Writes a safetensors file by hand: any header text, any length before it, any bytes after it.
    @discardableResult
    func writeSafetensors(
        _ name: String = "model.safetensors",
        header: String,
        length: UInt64? = nil,
        data: [UInt8] = [],
    ) throws -> String {
        let text = Array(header.utf8)
        let count = length ?? UInt64(text.count)
        let prefix = (0..<8).map { UInt8(truncatingIfNeeded: count >> UInt64(8 * $0)) }
        return try write(name, prefix + text + data)
    }
}
