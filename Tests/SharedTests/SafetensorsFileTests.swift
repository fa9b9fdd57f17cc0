import Shared
import Testing

@Suite struct SafetensorsFileTests {
    /// Bytes of 16-bit numbers, little-endian.
    static func bytes(_ numbers: [UInt16]) -> [UInt8] {
        numbers.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }

    @Test("Every half becomes the float that the hardware makes of it")
    func allHalves() throws {
        let folder = try TemporaryFolder()
        let all = (0...UInt16.max).map { $0 }
        var writer = SafetensorsWriter()
        writer.add("halves", dtype: .f16, shape: [256, 256], bytes: Self.bytes(all))
        try writer.write(to: folder.path("a.safetensors"))
        let floats = try SafetensorsFile(path: folder.path("a.safetensors")).float32(
            "halves",
            expectedShape: [256, 256]
        )
        try #require(floats.count == all.count)
        var wrong: [UInt16] = []
        for (bits, float) in zip(all, floats) {
            let expected = Float(Float16(bitPattern: bits))
            // A NaN stays a NaN; its payload may differ.
            let same = expected.isNaN ? float.isNaN : float.bitPattern == expected.bitPattern
            if !same { wrong.append(bits) }
        }
        #expect(wrong.isEmpty)
    }

    @Test("Brain floats and floats are taken over bit by bit, at odd addresses too")
    func brainFloatsAndFloats() throws {
        let folder = try TemporaryFolder()
        // One byte before the others puts them at odd addresses.
        let header = """
            {"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},\
            "b":{"dtype":"BF16","shape":[2],"data_offsets":[1,5]},\
            "c":{"dtype":"F32","shape":[1],"data_offsets":[5,9]}}
            """
        let data: [UInt8] = [7, 0x80, 0x3F, 0x20, 0xC1, 0x00, 0x00, 0xC0, 0x3F]
        let file = try SafetensorsFile(path: folder.writeSafetensors(header: header, data: data))
        #expect(try file.float32("b") == [1, -10])
        #expect(try file.float32("c") == [1.5])
        #expect(file.entries.map(\.name) == ["a", "b", "c"])
    }

    @Test("Numbers are written into the caller's memory")
    func readsIntoSpan() throws {
        let folder = try TemporaryFolder()
        var writer = SafetensorsWriter()
        writer.add("x", shape: [2, 2], floats: [1, 2, 3, 4])
        try writer.write(to: folder.path("x.safetensors"))
        var target: [Float] = [0, 0, 0, 0]
        var span = target.mutableSpan
        try SafetensorsFile(path: folder.path("x.safetensors")).readFloat32("x", expectedShape: [2, 2], into: &span)
        #expect(target == [1, 2, 3, 4])
    }

    @Test("Integers can be looked at but not read as weights")
    func integersAreNoWeights() throws {
        let folder = try TemporaryFolder()
        var writer = SafetensorsWriter()
        writer.add("ids", shape: [3], integers: [1, -200, 3])
        writer.add("few", dtype: .i32, shape: [2], bytes: [0xFE, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1])
        writer.add("bytes", dtype: .u8, shape: [2], bytes: [0, 255])
        writer.add("floats", shape: [1], floats: [1])
        try writer.write(to: folder.path("x.safetensors"))
        let file = try SafetensorsFile(path: folder.path("x.safetensors"))
        #expect(try file.integers("ids") == [1, -200, 3])
        #expect(try file.integers("few") == [-2, 1 << 24])
        #expect(try file.integers("bytes", expectedShape: [2]) == [0, 255])
        #expect(throws: CheckpointError.self) { try file.integers("floats") }
        let error = #expect(throws: CheckpointError.self) { try file.float32("ids") }
        #expect(error?.code == .wrongDType)
        #expect(error?.message == "expected numbers of F16, BF16 or F32, found I64")
    }

    @Test("A wrong shape is told with both shapes, a missing tensor with the one that was expected")
    func wrongShapeAndMissing() throws {
        let folder = try TemporaryFolder()
        var writer = SafetensorsWriter()
        writer.add("x", shape: [2, 3], floats: [1, 2, 3, 4, 5, 6])
        try writer.write(to: folder.path("x.safetensors"))
        let file = try SafetensorsFile(path: folder.path("x.safetensors"))
        let shape = #expect(throws: CheckpointError.self) { try file.float32("x", expectedShape: [3, 2]) }
        #expect(shape?.code == .wrongShape)
        #expect(shape?.tensor == "x")
        #expect(shape?.message == "expected the shape (3, 2), found (2, 3)")
        let missing = #expect(throws: CheckpointError.self) { try file.float32("y", expectedShape: [3]) }
        #expect(missing?.code == .missingTensor)
        #expect(missing?.description.contains("tensor y") == true)
        #expect(missing?.message.contains("of shape (3)") == true)
    }

    @Test("Files that are absent, empty or folders are told apart")
    func unreadableFiles() throws {
        let folder = try TemporaryFolder()
        let empty = try folder.write("empty", "")
        for (path, code) in [
            (folder.path("none"), CheckpointError.Code.missingFile), (empty, .truncated),
            (folder.path, .unreadableFile),
        ] {
            let error = #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
            #expect(error?.code == code, "\(path)")
        }
    }
}
