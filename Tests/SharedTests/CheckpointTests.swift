import Foundation
import Shared
import Testing

@Suite struct CheckpointTests {
    /// Two shards: `a` in the first, `b` in the second.
    private func writeShards(_ folder: TemporaryFolder, map: String? = nil) throws {
        for (file, name) in [("m-1.safetensors", "a"), ("m-2.safetensors", "b")] {
            var writer = SafetensorsWriter()
            writer.add(name, shape: [2], floats: name == "a" ? [1, 2] : [3, 4])
            try writer.write(to: folder.path(file))
        }
        let map = map ?? #"{"a":"m-1.safetensors","b":"m-2.safetensors"}"#
        try folder.write("model.safetensors.index.json", #"{"metadata":{"total_size":16},"weight_map":\#(map)}"#)
    }

    @Test("Tensors are found in whichever shard the index names")
    func shards() throws {
        let folder = try TemporaryFolder()
        try writeShards(folder)
        let checkpoint = try Checkpoint(folder: folder.path)
        #expect(checkpoint.names == ["a", "b"])
        #expect(checkpoint.fileName(of: "b") == "m-2.safetensors")
        #expect(try checkpoint.float32("a", expectedShape: [2]) == [1, 2])
        #expect(try checkpoint.float32("b", expectedShape: [2]) == [3, 4])
        #expect(try checkpoint.withBytes("b") { $0.byteCount } == 8)
        var target: [Float] = [0, 0]
        var span = target.mutableSpan
        try checkpoint.readFloat32("b", expectedShape: [2], into: &span)
        #expect(target == [3, 4])
    }

    @Test("Missing tensors and wrong shapes say what was expected and what came")
    func missingAndMisshapen() throws {
        let folder = try TemporaryFolder()
        try writeShards(folder)
        let checkpoint = try Checkpoint(folder: folder.path)
        let missing = #expect(throws: CheckpointError.self) { try checkpoint.float32("c", expectedShape: [4, 2]) }
        #expect(missing?.code == .missingTensor)
        #expect(missing?.tensor == "c")
        #expect(missing?.message.contains("of shape (4, 2)") == true)
        let shape = #expect(throws: CheckpointError.self) { try checkpoint.float32("b", expectedShape: [1, 2]) }
        #expect(shape?.code == .wrongShape)
        #expect(shape?.file == "m-2.safetensors")
        #expect(shape?.message == "expected the shape (1, 2), found (2)")
        #expect(throws: CheckpointError.self) { try checkpoint.withBytes("c") { $0.byteCount } }
    }

    @Test("A file that the index names and the folder lacks is told by name")
    func absentShard() throws {
        let folder = try TemporaryFolder()
        try writeShards(folder, map: #"{"a":"m-1.safetensors","b":"m-3.safetensors"}"#)
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(folder: folder.path) }
        #expect(error?.code == .missingFile)
        #expect(error?.file == "m-3.safetensors")
        #expect(error?.message.contains("for 1 tensors") == true)
    }

    @Test("A tensor that the index puts into the wrong shard is told by name")
    func wrongShard() throws {
        let folder = try TemporaryFolder()
        try writeShards(folder, map: #"{"a":"m-1.safetensors","b":"m-1.safetensors"}"#)
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(folder: folder.path) }
        #expect(error?.code == .invalidIndex)
        #expect(error?.tensor == "b")
        #expect(error?.message.contains("m-1.safetensors") == true)
    }

    @Test("A shard that was cut short is told with tensor and offset")
    func truncatedShard() throws {
        let folder = try TemporaryFolder()
        try writeShards(folder)
        let whole = try Data(contentsOf: URL(filePath: folder.path("m-2.safetensors")))
        try folder.write("m-2.safetensors", Array(whole.dropLast(3)))
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(folder: folder.path) }
        #expect(error?.code == .truncated)
        #expect(error?.file == "m-2.safetensors")
        #expect(error?.tensor == "b")
        #expect(error?.offset == whole.count - 8)
    }

    @Test(
        "An index does not lead out of its folder",
        arguments: [#""../m-1.safetensors""#, #""/etc/passwd""#, #""..""#, #""""#, "7", "null"]
    )
    func strayIndex(_ file: String) throws {
        let folder = try TemporaryFolder()
        try writeShards(folder, map: #"{"a":\#(file)}"#)
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(folder: folder.path) }
        #expect(error?.code == .invalidIndex)
        #expect(error?.tensor == "a")
    }

    @Test(
        "An index that is none is refused",
        arguments: [
            ("{}", CheckpointError.Code.invalidIndex), (#"{"weight_map":{}}"#, .invalidIndex), ("[1]", .invalidJSON),
            ("{", .invalidJSON),
        ]
    )
    func brokenIndex(_ text: String, _ code: CheckpointError.Code) throws {
        let folder = try TemporaryFolder()
        try folder.write("model.safetensors.index.json", text)
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(folder: folder.path) }
        #expect(error?.code == code)
        #expect(error?.file == "model.safetensors.index.json")
    }

    @Test("A folder without weights says what was looked for, and what to do with pickled ones")
    func nothingThere() throws {
        let folder = try TemporaryFolder()
        let empty = #expect(throws: CheckpointError.self) { try Checkpoint(folder: folder.path) }
        #expect(empty?.code == .missingFile)
        #expect(empty?.message.contains("model.safetensors.index.json") == true)
        #expect(empty?.message.contains("pickled") == false)
        try folder.write("pytorch_model.bin", "x")
        let pickled = #expect(throws: CheckpointError.self) { try Checkpoint(folder: folder.path) }
        #expect(pickled?.message.contains("pickled") == true)
        let absent = #expect(throws: CheckpointError.self) { try Checkpoint(folder: folder.path("none")) }
        #expect(absent?.message.contains("nothing there") == true)
    }

    @Test("The small model's tensors are all there and have their numbers")
    func nano() throws {
        let checkpoint = try Checkpoint(folder: TestModels.nano)
        #expect(checkpoint.names.count == 246)
        let norm = try checkpoint.float32("model.norm.weight", expectedShape: [192])
        #expect(Array(norm.prefix(4)) == [1.109375, 1.1298828125, 1.1181640625, 1.1328125])
    }

    @Test("Shards of mixed kinds open as the original wrote them", .enabled(if: TestModels.golden("phi-tiny") != nil))
    func goldenPhi() throws {
        let checkpoint = try Checkpoint(folder: #require(TestModels.golden("phi-tiny")))
        #expect(checkpoint.files.count == 3)
        #expect(checkpoint.names.count == 155)
        let gate = "model.layers.0.mlp.deepspeed_moe.gate.wg.weight"
        #expect(checkpoint.entry(gate)?.dtype == .f32)
        #expect(checkpoint.entry("model.layers.0.mlp.meta_moe.fc1.weight")?.dtype == .bf16)
        #expect(try checkpoint.float32(gate, expectedShape: [4, 160]).allSatisfy(\.isFinite))
    }
}
