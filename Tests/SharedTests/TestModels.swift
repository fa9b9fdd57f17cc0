import Foundation

/// Where the models are that tests read.
enum TestModels {
    /// The root of the checkout, whatever links lead to this file.
    private static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The small model that every checkout holds.
    static let nano = root.appending(path: "models/medmoe-nano").path

    /// A checkpoint made by the original code, nil where its folder is not on this machine.
    static func golden(_ name: String) -> String? {
        let shared =
            ProcessInfo.processInfo.environment["MEDMOE_SHARED"].map { URL(filePath: $0) }
            ?? root.deletingLastPathComponent().appending(path: "shared")
        let folder = shared.appending(path: "golden/\(name)").path
        guard FileManager.default.fileExists(atPath: folder) else {
            print("\(folder) is absent, so nothing is compared with it; set MEDMOE_SHARED to the folder that holds it")
            return nil
        }
        return folder
    }
}
