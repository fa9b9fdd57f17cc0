internal import Foundation

/// A program of the system, run to its end.
enum SystemTool {
    /// Where a program is; nil when this machine has none.
    static func path(_ name: String) -> String? {
        ["/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/", "/usr/local/bin/"].map { $0 + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Whether this user may do what only root may.
    static var isRoot: Bool { geteuid() == 0 }

    /// Runs it; the status and what it said.
    static func run(_ path: String, _ arguments: [String]) async -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            return (-1, error.localizedDescription)
        }
        var output = Data()
        // Read to the end first: a full pipe would keep the program from ending.
        while let more = try? pipe.fileHandleForReading.read(upToCount: 65_536), !more.isEmpty { output += more }
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
