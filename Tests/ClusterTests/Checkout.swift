import Foundation

/// Where things are in this checkout.
enum Checkout {
    /// The root of the repository.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    /// The model that every clone has.
    static let nano = root.appending(path: "models/medmoe-nano").path
    /// A script in `dev`, by its path.
    static func script(_ name: String) -> String { root.appending(path: "dev/" + name).path }
    /// The folder of the built programs: beside the test program.
    static let programs: String = {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(filePath: own).deletingLastPathComponent().path
    }()

    /// The folder with golden values and real pictures, beside the checkout or named by `MEDMOE_SHARED`; nil without it.
    static let shared: URL? = {
        let named = ProcessInfo.processInfo.environment["MEDMOE_SHARED"].map { URL(filePath: $0) }
        let candidate = named ?? root.deletingLastPathComponent().appending(path: "shared")
        return FileManager.default.fileExists(atPath: candidate.appending(path: "golden").path) ? candidate : nil
    }()

    /// Says on standard output that a test did nothing, and why.
    static func sayNotRun(_ test: String, needs: String) {
        print("NOT RUN: \(test): it needs \(needs), which is not here.")
    }

    /// A folder of this test alone.
    static func temporaryFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "medmoe-test-\(UUID().uuidString.prefix(8))"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }
}
