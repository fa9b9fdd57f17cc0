import Foundation
import Shared
import Testing

@Suite struct SafetensorsWriterTests {
    @Test("What is written can be read back, metadata included")
    func roundTrip() throws {
        let folder = try TemporaryFolder()
        let metadata = ["model": "tiny \"one\"", "text": "line\none\ttab \\ \u{1} \u{e9}\u{1FA7A}"]
        var writer = SafetensorsWriter(metadata: metadata)
        let floats: [Float] = [0, -0.0, .leastNonzeroMagnitude, .infinity, 3.25, -1e30]
        writer.add("hidden_states.0", shape: [2, 3], floats: floats)
        writer.add("input_ids", shape: [4], integers: [1, -200, .max, .min])
        writer.add("odd \"name\"", dtype: .u8, shape: [3], bytes: [1, 2, 3])
        writer.add("none", shape: [0, 4], floats: [])
        writer.add("scalar", shape: [], floats: [7])
        try writer.write(to: folder.path("t.safetensors"))

        let file = try SafetensorsFile(path: folder.path("t.safetensors"))
        #expect(file.metadata == metadata)
        #expect(
            try file.float32("hidden_states.0", expectedShape: [2, 3]).map(\.bitPattern) == floats.map(\.bitPattern)
        )
        #expect(try file.integers("input_ids") == [1, -200, .max, .min])
        #expect(file.entry("odd \"name\"")?.dtype == .u8)
        #expect(file.entry("none")?.shape == [0, 4])
        #expect(try file.float32("scalar", expectedShape: []) == [7])
        #expect(folder.files == ["t.safetensors"])
    }

    @Test("Every tensor lies at a multiple of its number's size, also behind odd ones")
    func aligned() throws {
        let folder = try TemporaryFolder()
        var writer = SafetensorsWriter()
        writer.add("a", dtype: .u8, shape: [3], bytes: [1, 2, 3])
        writer.add("b", shape: [1], floats: [1])
        writer.add("c", shape: [1], integers: [1])
        try writer.write(to: folder.path("t.safetensors"))
        for entry in try SafetensorsFile(path: folder.path("t.safetensors")).entries {
            #expect(entry.byteRange.lowerBound % entry.dtype.byteCount == 0, "\(entry.name)")
        }
    }

    @Test("A folder that is not there is told, and nothing is made")
    func missingFolder() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: CheckpointError.self) {
            try SafetensorsWriter().write(to: folder.path("none/t.safetensors"))
        }
        #expect(error?.code == .unwritable)
        #expect(error?.file == "t.safetensors")
        #expect(folder.files.isEmpty)
    }

    @Test("When the last step fails, no half-made file is left and the old one is as it was")
    func failedRename() throws {
        let folder = try TemporaryFolder()
        // A folder that is not empty cannot be replaced by a file.
        try folder.write("t.safetensors/inside", "old")
        var writer = SafetensorsWriter()
        writer.add("a", shape: [1], floats: [1])
        let error = #expect(throws: CheckpointError.self) { try writer.write(to: folder.path("t.safetensors")) }
        #expect(error?.code == .unwritable)
        #expect(folder.files == ["t.safetensors"])
        #expect(try String(contentsOfFile: folder.path("t.safetensors/inside"), encoding: .utf8) == "old")
    }

    @Test("An older file of the same name is replaced, and a reader of it goes on")
    func replaces() throws {
        let folder = try TemporaryFolder()
        func write(_ value: Float) throws {
            var writer = SafetensorsWriter()
            writer.add("a", shape: [1], floats: [value])
            try writer.write(to: folder.path("t.safetensors"))
        }
        try write(1)
        let old = try SafetensorsFile(path: folder.path("t.safetensors"))
        try write(2)
        #expect(try old.float32("a") == [1])
        #expect(try SafetensorsFile(path: folder.path("t.safetensors")).float32("a") == [2])
    }
}
