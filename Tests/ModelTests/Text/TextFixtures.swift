internal import Foundation
internal import Model

/// One text or list of ids with what the reference makes of it.
struct TokenizerCase: Decodable, Sendable {
    /// Nil where only decoding is tested.
    var text: String?
    var ids: [Int]
    var decoded: String
    var decodedRaw: String

    private enum CodingKeys: String, CodingKey {
        case text, ids, decoded
        case decodedRaw = "decoded_raw"
    }
}

/// What the reference says about a whole tokenizer.
struct TokenizerReference: Decodable, Sendable {
    var size: Int
    var eos: Int?
    var bos: Int?
    var special: [Int]?
    var cases: [TokenizerCase]
}

/// Files that the text tests read.
enum TextFixtures {
    /// The top of the checkout.
    static let root: URL = {
        let file = URL(filePath: #filePath).resolvingSymlinksInPath()
        return (0..<4).reduce(file) { url, _ in url.deletingLastPathComponent() }
    }()

    static let nanoFolder = root.appending(path: "models/medmoe-nano").path

    static func fixture(_ name: String) -> URL { root.appending(path: "Tests/Fixtures/text/\(name)") }

    static func decode<Value: Decodable>(_ type: Value.Type, from url: URL) throws -> Value {
        try JSONDecoder().decode(type, from: try Data(contentsOf: url))
    }

    /// The folder of reference values that may lie beside a checkout; nil, and a line that says so, when it is absent.
    static func golden(_ path: String) -> URL? {
        let given = ProcessInfo.processInfo.environment["MEDMOE_SHARED"]
        let shared = given.map { URL(filePath: $0) } ?? root.deletingLastPathComponent().appending(path: "shared")
        let url = shared.appending(path: "golden").appending(path: path)
        guard FileManager.default.fileExists(atPath: url.path) else {
            print("NOT RUN: no golden/\(path) in the folder that MEDMOE_SHARED names or in ../shared")
            return nil
        }
        return url
    }

    /// Runs `body` with a new folder that holds these files, and removes it afterwards.
    static func withFolder<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "medmoe-text-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, content) in files { try Data(content.utf8).write(to: folder.appending(path: name)) }
        return try body(folder.path)
    }

    /// All pieces that the stream gives for these ids, the last one from `finish()`.
    static func pieces(of ids: [Int], tokenizer: ByteLevelBPE) -> [String] {
        var detokenizer = StreamingDetokenizer(tokenizer: tokenizer)
        return ids.map { detokenizer.append($0) } + [detokenizer.finish()]
    }
}
