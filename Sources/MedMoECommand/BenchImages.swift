internal import Foundation

/// The pictures of a benchmark, ready to be sent.
enum BenchImages {
    /// Bytes that all files together may have; what is sent is a third larger.
    private static let mostBytes = 256 << 20
    private static let mostFiles = 1024

    /// Reads the files, once, as data URLs.
    static func read(_ paths: [String]) throws -> [String] {
        guard paths.count <= mostFiles else {
            throw AskError("Expected at most \(mostFiles) images, \(paths.count) came; give fewer.")
        }
        var total = 0
        return try paths.map { path in
            let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int ?? 0
            total += size
            guard total <= mostBytes else {
                throw AskError("Expected images of \(mostBytes) bytes in all, more came; give smaller or fewer ones.")
            }
            return try QuestionClient.Image(path: path).dataURL
        }
    }
}
