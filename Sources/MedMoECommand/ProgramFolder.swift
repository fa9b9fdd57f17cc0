internal import Foundation

/// Where this program and its siblings are.
enum ProgramFolder {
    /// The folder of the running program.
    static var path: String {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(filePath: own).deletingLastPathComponent().path
    }
}
