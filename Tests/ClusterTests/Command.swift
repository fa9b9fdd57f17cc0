import Foundation

/// One run of a program to its end.
struct Command {
    var status: Int32
    var output: String
    var errors: String

    /// Runs a program of ours, or any other by its path.
    static func run(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        input: URL? = nil,
        within limit: Duration = .seconds(300),
    ) async throws -> Command {
        let folder = try Checkout.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = Process()
        process.executableURL = URL(
            filePath: program.hasPrefix("/") ? program : Checkout.programs + "/" + program
        )
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        let (out, err) = (folder.appending(path: "out"), folder.appending(path: "err"))
        for file in [out, err] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        process.standardOutput = try FileHandle(forWritingTo: out)
        process.standardError = try FileHandle(forWritingTo: err)
        process.standardInput = try input.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
        try process.run()
        let deadline = ContinuousClock.now + limit
        while process.isRunning {
            guard deadline > .now else {
                process.terminate()
                throw CommandHang(program: program, arguments: arguments)
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        return Command(
            status: process.terminationStatus,
            output: String(decoding: try Data(contentsOf: out), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: err), as: UTF8.self)
        )
    }
}

/// A program that did not end in time: the finding, not a reason to skip.
struct CommandHang: Error {
    var program: String
    var arguments: [String]
}
