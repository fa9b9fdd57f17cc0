import Foundation
import Shared
import Testing

/// `medmoe trace` over real processes against one process.
@Suite(.serialized) struct TraceTests {
    static let phantom = Checkout.root.appending(path: "Tests/Fixtures/phantoms")

    @Test(
        "trace and trace --cluster write equal bits",
        arguments: [("index", 1), ("index", 3), ("index", 7), ("layer", 3), ("layer", 7)]
    )
    func sameBits(split: String, nodes: Int) async throws {
        let folder = try Checkout.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let image = try #require(
            try FileManager.default.contentsOfDirectory(atPath: Self.phantom.path).filter { $0.hasSuffix(".png") }.min()
        )
        let common = [
            "trace", Checkout.nano, "--chat", "--prompt", "Is this image normal?",
            "--image", Self.phantom.appending(path: image).path, "--max-tokens", "6",
        ]
        let (one, other) = (
            folder.appending(path: "one.safetensors").path, folder.appending(path: "n.safetensors").path
        )
        let local = try await Command.run("medmoe", common + ["--out", one])
        #expect(local.status == 0, "\(local.errors)")
        let remote = try await Command.run(
            "medmoe",
            common + ["--out", other, "--cluster", "--nodes", String(nodes), "--split", split]
        )
        #expect(remote.status == 0, "\(remote.errors)")
        #expect(local.output == remote.output)

        try Self.expectEqualTensors(one, other)
        let (a, b) = (try SafetensorsFile(path: one), try SafetensorsFile(path: other))
        #expect(a.entry("hidden_states.6") != nil && a.entry("logits") != nil)
        #expect(b.metadata["topology"]?.hasPrefix("cluster:") == true)
        #expect(a.metadata["generated_text"] == b.metadata["generated_text"])
    }

    /// Two trace files hold the same tensors with the same bytes.
    static func expectEqualTensors(_ one: String, _ other: String) throws {
        let (a, b) = (try SafetensorsFile(path: one), try SafetensorsFile(path: other))
        let names = a.entries.map(\.name)
        #expect(names == b.entries.map(\.name))
        for name in names {
            let same = try bytes(of: name, in: a) == bytes(of: name, in: b)
            #expect(same, "\(name) differs")
        }
    }

    static func bytes(of name: String, in file: SafetensorsFile) throws -> [UInt8] {
        let entry = try #require(file.entry(name))
        return file.withBytes(of: entry) { span in span.withUnsafeBytes { Array($0) } }
    }
}
