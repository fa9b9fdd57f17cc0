internal import Foundation

/// A folder for the files of one entry, for code that reads from a path; used by one thread at a time.
package final class FuzzFolder {
    /// The folder.
    package let path: String
    private var present: Set<String> = []

    /// Makes an empty folder in the place for temporary files.
    package init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "medmoe-fuzz-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file, or removes it when `bytes` is nil.
    ///
    /// A full disk shows as a short file.
    func put(_ name: String, _ bytes: [UInt8]?) {
        let file = path + "/" + name
        guard let bytes else {
            if present.remove(name) != nil { _ = unsafe unlink(file) }
            return
        }
        // A new file each time: one that is mapped must not be cut short.
        _ = unsafe unlink(file)
        let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        present.insert(name)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    }

    /// Runs `make` the first time only: for the files around the one that is fuzzed.
    func once(_ name: String, _ make: (String) throws -> Void) {
        guard present.insert(name).inserted else { return }
        try? make(path + "/" + name)
    }
}

/// The parts of an input that stand for several files, between lines of their own that hold only `----`.
func parts(of input: [UInt8], _ count: Int) -> [[UInt8]?] {
    var rest = input[...]
    var result: [[UInt8]?] = []
    while result.count < count - 1, let cut = rest.firstRange(of: Array("\n----\n".utf8)) {
        result.append(Array(rest[..<cut.lowerBound]))
        rest = rest[cut.upperBound...]
    }
    result.append(Array(rest))
    return result + Array(repeating: nil, count: count - result.count)
}
