import Foundation
import Shared
import Testing

@Suite struct ShardManifestTests {
    private static let hash = String(repeating: "ab", count: 32)
    private static let tensor = #"{"file": "a.safetensors", "dtype": "F32", "shape": [2]}"#

    private static func document(
        version: String = "1",
        layout: String = "\"\(hash)\"",
        experts: String = "{\"0.1\": \"\(hash)\", \"2.meta\": \"\(hash)\"}",
        tensors: String = "{\"a\": \(tensor)}",
        canary: String = "{}",
    ) -> String {
        "{\"canary\": \(canary), \"version\": \(version), \"layout_hash\": \(layout), \"experts\": \(experts), \"tensors\": \(tensors)}"
    }

    /// A folder with this manifest and a file with the tensor `a`.
    private func open(_ document: String) throws -> Checkpoint {
        let folder = try TemporaryFolder()
        try document.write(toFile: folder.path(ShardManifest.fileName), atomically: true, encoding: .utf8)
        var writer = SafetensorsWriter()
        writer.add("a", shape: [2], floats: [1, 2])
        try writer.write(to: folder.path("a.safetensors"))
        return try Checkpoint(folder: folder.path)
    }

    @Test("A manifest is read, and what is elsewhere is known and not here")
    func reads() throws {
        let elsewhere = #""b": {"file": "b.safetensors", "dtype": "BF16", "shape": [4, 8]}"#
        let checkpoint = try open(Self.document(tensors: "{\"a\": \(Self.tensor), \(elsewhere)}"))
        #expect(checkpoint.names == ["a", "b"])
        #expect(checkpoint.isHere("a") && !checkpoint.isHere("b"))
        #expect(checkpoint.entry("b")?.shape == [4, 8])
        #expect(checkpoint.manifest?.experts.keys.map(\.description).sorted() == ["0.1", "2.meta"])
        #expect(try checkpoint.float32("a", expectedShape: [2]) == [1, 2])
        let error = #expect(throws: CheckpointError.self) { try checkpoint.float32("b", expectedShape: [4, 8]) }
        #expect(error?.code == .missingFile && error?.file == "b.safetensors")
    }

    @Test("A written manifest reads back as it was")
    func roundTrip() throws {
        let first = try #require(try open(Self.document()).manifest)
        let again = try #require(try open(first.document).manifest)
        #expect(first == again)
    }

    @Test("The checksums of outputs are read and written, and a manifest without them has none")
    func canary() throws {
        var manifest = try #require(try open(Self.document()).manifest)
        #expect(manifest.canary.isEmpty)
        let expert = ExpertID(layer: 2, slot: .meta)
        manifest.canary = ["f32 16 lanes fused": [expert: .max, ExpertID(layer: 0, slot: .routed(1)): 0]]
        #expect(try open(manifest.document).manifest == manifest)
    }

    static let refusals: [(name: String, document: String)] = [
        ("another version", document(version: "2")), ("a layout hash of other digits", document(layout: "\"xyz\"")),
        ("no experts", document(experts: "[]")), ("an expert of no name", document(experts: "{\"0\": \"\(hash)\"}")),
        ("an expert with half a hash", document(experts: "{\"0.1\": \"abab\"}")),
        ("a file in another folder", document(tensors: tensor.replacing("a.safe", with: "../a.safe").named)),
        ("an unknown kind", document(tensors: tensor.replacing("F32", with: "F31").named)),
        ("a negative extent", document(tensors: tensor.replacing("[2]", with: "[-2]").named)),
        (
            "an extent beyond 64 bits",
            document(tensors: tensor.replacing("[2]", with: "[4611686018427387904, 4]").named)
        ),
        (
            "tensors elsewhere that add up beyond all bounds",
            document(
                tensors: "{"
                    + (0..<3).map {
                        "\"t\($0)\": {\"file\": \"e.safetensors\", \"dtype\": \"I8\", \"shape\": [4611686018427387904]}"
                    }.joined(separator: ", ") + ", \"a\": \(tensor)}"
            )
        ),
        ("a canary that is a list", document(canary: "[]")),
        ("a canary of no expert", document(canary: #"{"f32": {"x": 1}}"#)),
        ("a checksum of 33 bits", document(canary: #"{"f32": {"0.1": 4294967296}}"#)),
        ("another shape than the file's", document(tensors: tensor.replacing("[2]", with: "[1, 2]").named)),
        ("a tensor that the file lacks", document(tensors: "{\"a\": \(tensor), \"c\": \(tensor)}")),
        ("files of which none is here", document(tensors: tensor.replacing("a.safe", with: "z.safe").named)),
    ]

    @Test("A manifest that cannot be true is refused with a sentence", arguments: refusals.map(\.name))
    func refused(name: String) throws {
        let document = try #require(Self.refusals.first { $0.name == name }).document
        let error = #expect(throws: CheckpointError.self) { try open(document) }
        #expect(error.map { [.invalidIndex, .missingFile].contains($0.code) } == true, "\(String(describing: error))")
        #expect((error?.message.count ?? 0) > 20)
    }
}

extension String {
    /// As the only tensor of a manifest.
    fileprivate var named: String { "{\"a\": \(self)}" }
}
