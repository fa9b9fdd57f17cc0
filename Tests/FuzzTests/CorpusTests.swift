import Foundation
import FuzzEntries
import Testing

/// Every input that `dev/fuzz` keeps, without its sanitizers: what once ended the process must not do so again.
struct CorpusTests {
    static let corpus = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fuzz/corpus")

    @Test("every input kept for an entry is answered", arguments: FuzzEntry.all.map(\.name))
    func answered(_ name: String) throws {
        let entry = try #require(FuzzEntry.all.first { $0.name == name })
        let files = try FileManager.default.contentsOfDirectory(
            at: Self.corpus.appending(path: name),
            includingPropertiesForKeys: nil
        )
        #expect(!files.isEmpty, "\(name) has no corpus; add one with dev/fuzz")
        let folder = try FuzzFolder()
        for file in files.sorted(by: { $0.path < $1.path }) {
            entry.run([UInt8](try Data(contentsOf: file)), in: folder)
        }
    }

    @Test("the corpus holds no folder that belongs to no entry")
    func folders() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path).sorted()
        #expect(folders == FuzzEntry.all.map(\.name).sorted())
    }

    @Test("an entry keeps at most 150 inputs and 300 KiB", arguments: FuzzEntry.all.map(\.name))
    func small(_ name: String) throws {
        let folder = Self.corpus.appending(path: name)
        let files = try FileManager.default.contentsOfDirectory(
            at: folder,
            includingPropertiesForKeys: [.fileSizeKey]
        )
        let sizes = try files.map { try $0.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0 }
        #expect(files.count <= 150)
        #expect(sizes.reduce(0, +) <= 300 << 10)
    }
}
