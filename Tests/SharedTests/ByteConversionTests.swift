import Foundation
import Kernels
import Shared
import Testing

/// Conversion to bytes with scales, and what is read of it.
@Suite struct ByteConversionTests {
    private static let expert = ExpertID(layer: 0, slot: .routed(1))
    private static let weight = "model.layers.0.mlp.deepspeed_moe.experts.deepspeed_experts.1.up_proj.weight"
    private static let scale = weight + "_scale"

    /// The tiny checkpoint with other numbers everywhere, `change`d, in `folder/source`.
    private func source(
        in folder: TemporaryFolder,
        change: (String, inout [Float]) -> Void = { _, _ in },
    ) throws -> Checkpoint {
        let tiny = TinyCheckpoint()
        _ = try tiny.write(to: folder, subfolder: "source")
        var writer = SafetensorsWriter()
        var seed: UInt32 = 1
        for (name, shape) in tiny.tensors.sorted(by: { $0.key < $1.key }) {
            var floats = (0..<shape.reduce(1, *)).map { _ in
                seed = seed &* 1_664_525 &+ 1_013_904_223
                return Float(seed >> 8) / Float(1 << 24) - 0.5
            }
            change(name, &floats)
            writer.add(name, shape: shape, floats: floats)
        }
        try writer.write(to: folder.path("source/model.safetensors"))
        return try Checkpoint(folder: folder.path("source"))
    }

    @discardableResult
    private func convert(
        _ checkpoint: Checkpoint,
        to destination: String,
        dtype: TensorDType? = .i8,
        shards: ConversionPlan.Shards = .bySize(1 << 30),
        only: ConversionPlan.Parts? = nil,
    ) throws -> CheckpointConversion.Outcome {
        let configuration = try ModelConfiguration(of: checkpoint)
        return try CheckpointConversion(
            of: checkpoint,
            configuration,
            dtype: dtype,
            shards: shards,
            parts: only ?? .init(router: true, experts: configuration.moe.experts)
        ).write(to: destination) { (_, _) throws(CheckpointError) in }
    }

    private func bytes(_ name: String, _ checkpoint: Checkpoint) throws -> [UInt8] {
        try checkpoint.withBytes(name) { span in span.withUnsafeBytes { Array($0) } }
    }

    @Test("Linear layers become bytes with scales, and all else stays as it is", arguments: [1 << 30, 300])
    func stores(fileLimit: Int) throws {
        let folder = try TemporaryFolder()
        let source = try source(in: folder)
        let outcome = try convert(source, to: folder.path("int8"), shards: .bySize(fileLimit))
        let made = try Checkpoint(folder: folder.path("int8"))
        let linear = ModelInventory(try ModelConfiguration(of: source)).linearWeights.map(\.name)
            .filter { source.entry($0) != nil }
        #expect(linear.contains("lm_head.weight") && linear.contains(Self.weight))
        #expect(Set(made.names) == Set(source.names).union(linear.map { $0 + "_scale" }))
        for name in source.names {
            let entry = try #require(source.entry(name))
            #expect(made.entry(name)?.shape == entry.shape)
            guard linear.contains(name) else {
                #expect(made.entry(name)?.dtype == entry.dtype, "\(name)")
                #expect(try bytes(name, made) == bytes(name, source), "\(name)")
                continue
            }
            let numbers = try source.float32(name, expectedShape: entry.shape)
            let rounded = ByteRounding.round(numbers.span, columns: entry.shape[1])
            #expect(made.entry(name)?.dtype == .i8)
            #expect(try bytes(name, made) == rounded.bytes.map { UInt8(bitPattern: $0) }, "\(name)")
            #expect(try made.float32(name + "_scale", expectedShape: [entry.shape[0]]) == rounded.scales, "\(name)")
        }
        for kept in ["model.embed_tokens.weight", "model.layers.0.mlp.deepspeed_moe.gate.wg.weight"] {
            #expect(made.entry(kept)?.dtype == .f32)
        }
        #expect(outcome.numbers == source.names.reduce(0) { $0 + (source.entry($1)?.elementCount ?? 0) })
        #expect(outcome.changed > 0 && outcome.changed < outcome.numbers)
        #expect(source.defaultDType == .f32 && made.defaultDType == .int8)

        let report = ModelInventory(try ModelConfiguration(of: made)).check(made)
        #expect(report.error == nil && report.surplus.isEmpty)
        let config = try String(contentsOfFile: folder.path("int8/config.json"), encoding: .utf8)
        #expect(config.contains("medmoe-int8"))
    }

    @Test("Bytes become nothing else, and stay bytes when they are cut anew")
    func fromBytes() throws {
        let folder = try TemporaryFolder()
        try convert(try source(in: folder), to: folder.path("int8"))
        let made = try Checkpoint(folder: folder.path("int8"))
        for dtype in [TensorDType.f32, .f16, .bf16] {
            let error = #expect(throws: CheckpointError.self) {
                try convert(made, to: folder.path("other"), dtype: dtype)
            }
            #expect(error?.code == .unsupported)
            #expect(error?.message.contains("original") == true, "\(String(describing: error))")
        }
        #expect(!folder.files.contains { $0.hasPrefix("other") })
        for (name, dtype) in [("again", TensorDType.i8), ("kept", nil)] {
            let outcome = try convert(made, to: folder.path(name), dtype: dtype)
            #expect(outcome.changed == 0)
            let again = try Checkpoint(folder: folder.path(name))
            #expect(again.names == made.names)
            for name in made.names { #expect(try bytes(name, again) == bytes(name, made), "\(name)") }
        }
    }

    @Test("Scales go where their weights go, and an expert's hash covers them")
    func shards() throws {
        let folder = try TemporaryFolder()
        let source = try source(in: folder)
        let configuration = try ModelConfiguration(of: source)
        try convert(source, to: folder.path("whole"))
        let whole = try Checkpoint(folder: folder.path("whole"))
        let hash = try whole.weightsHash(of: whole.tensors(of: Self.expert, configuration.form))
        // Straight to a part, and to a part of what was converted before.
        let only = ConversionPlan.Parts(router: false, experts: [Self.expert])
        try convert(source, to: folder.path("part"), shards: .perExpert, only: only)
        try convert(whole, to: folder.path("cut"), dtype: nil, shards: .perExpert, only: only)
        for name in ["part", "cut"] {
            let part = try Checkpoint(folder: folder.path(name))
            #expect(part.files.map(\.name) == [ShardManifest.fileName(of: Self.expert)])
            #expect(part.isHere(Self.weight) && part.isHere(Self.scale))
            #expect(!part.isHere("lm_head.weight_scale") && part.names.contains("lm_head.weight_scale"))
            #expect(part.manifest?.experts[Self.expert] == hash)
            #expect(part.manifest?.layoutHash == whole.layoutHash(configuration))
            #expect(try part.weightsHash(of: part.tensors(of: Self.expert, configuration.form)) == hash)
        }
        let names = whole.tensors(of: Self.expert, configuration.form).map(\.relativeName)
        #expect(names.contains("up_proj.weight_scale") && names.count == 6)
        let changed = try rewritten(whole, in: folder) { name, numbers in
            if name == Self.scale { numbers[0] *= 2 }
        }
        #expect(try changed.weightsHash(of: changed.tensors(of: Self.expert, configuration.form)) != hash)
    }

    @Test("Numbers that are none are not rounded to bytes", arguments: [Float.nan, .infinity])
    func notNumbers(value: Float) throws {
        let folder = try TemporaryFolder()
        let source = try source(in: folder) { name, numbers in if name == Self.weight { numbers[3] = value } }
        let error = #expect(throws: CheckpointError.self) { try convert(source, to: folder.path("int8")) }
        #expect(error?.code == .unusableWeights && error?.tensor == Self.weight)
        #expect(folder.files == ["source"])
    }

    /// A converted checkpoint in another folder, its floats changed; `scale` replaces the scales of one weight.
    private func rewritten(
        _ checkpoint: Checkpoint,
        in folder: TemporaryFolder,
        scale: (shape: [Int], dtype: TensorDType)?? = .none,
        change: (String, inout [Float]) -> Void = { _, _ in },
    ) throws -> Checkpoint {
        var writer = SafetensorsWriter()
        for name in checkpoint.names {
            let entry = try #require(checkpoint.entry(name))
            if name == Self.scale, let scale {
                guard let scale else { continue }
                let count = scale.shape.reduce(1, *) * scale.dtype.byteCount
                writer.add(name, dtype: scale.dtype, shape: scale.shape, bytes: Array(repeating: 0, count: count))
            } else if entry.dtype == .f32 {
                var floats = try checkpoint.float32(name, expectedShape: entry.shape)
                change(name, &floats)
                writer.add(name, shape: entry.shape, floats: floats)
            } else {
                writer.add(name, dtype: entry.dtype, shape: entry.shape, bytes: try bytes(name, checkpoint))
            }
        }
        let configuration = try String(contentsOfFile: checkpoint.folder + "/config.json", encoding: .utf8)
        try folder.write("rewritten/config.json", configuration)
        try writer.write(to: folder.path("rewritten/model.safetensors"))
        return try Checkpoint(folder: folder.path("rewritten"))
    }

    static let damages: [(name: String, code: CheckpointError.Code, scale: (shape: [Int], dtype: TensorDType)?)] = [
        ("no scales", .missingTensor, nil), ("scales of another shape", .wrongShape, ([12, 1], .f32)),
        ("fewer scales", .wrongShape, ([11], .f32)), ("scales of 16 bits", .wrongDType, ([12], .f16)),
    ]

    @Test("Scales that are not there or of another kind are refused with a sentence", arguments: damages.map(\.name))
    func damaged(name: String) throws {
        let damage = try #require(Self.damages.first { $0.name == name })
        let folder = try TemporaryFolder()
        try convert(try source(in: folder), to: folder.path("int8"))
        let checkpoint = try rewritten(Checkpoint(folder: folder.path("int8")), in: folder, scale: .some(damage.scale))
        let error = #expect(throws: CheckpointError.self) {
            try checkpoint.linearWeight(Self.weight, expectedShape: [12, 8])
        }
        #expect(error?.code == damage.code && error?.tensor == Self.scale)
        #expect(error?.message.contains("expected a scale of F32 for each of the 12 outputs") == true)
        // Before anything is loaded the headers tell.
        let report = ModelInventory(try ModelConfiguration(of: checkpoint)).check(checkpoint)
        #expect(report.error?.code == damage.code && report.error?.tensor == Self.scale)
    }

    @Test("Scales that cannot be are refused with a sentence", arguments: [-0.5, .nan, .infinity, -Float.infinity])
    func impossible(value: Float) throws {
        let folder = try TemporaryFolder()
        try convert(try source(in: folder), to: folder.path("int8"))
        let checkpoint = try rewritten(Checkpoint(folder: folder.path("int8")), in: folder) { name, numbers in
            if name == Self.scale { numbers[7] = value }
        }
        let error = #expect(throws: CheckpointError.self) {
            try checkpoint.linearWeight(Self.weight, expectedShape: [12, 8])
        }
        #expect(error?.code == .unusableWeights && error?.tensor == Self.scale)
        #expect(error?.message.contains("\(value), which is no scale") == true, "\(String(describing: error))")
    }

    @Test("Bytes in place of other weights are no numbers")
    func bytesElsewhere() throws {
        let folder = try TemporaryFolder()
        let tiny = TinyCheckpoint()
        _ = try tiny.write(to: folder)
        let gate = "model.layers.0.mlp.deepspeed_moe.gate.wg.weight"
        var writer = SafetensorsWriter()
        for (name, shape) in tiny.tensors {
            let count = shape.reduce(1, *)
            if name == gate {
                writer.add(name, dtype: .i8, shape: shape, bytes: Array(repeating: 1, count: count))
            } else {
                writer.add(name, shape: shape, floats: Array(repeating: 0.5, count: count))
            }
        }
        try writer.write(to: folder.path("model.safetensors"))
        let checkpoint = try Checkpoint(folder: folder.path)
        let report = ModelInventory(try ModelConfiguration(of: checkpoint)).check(checkpoint)
        #expect(report.error?.code == .wrongDType && report.error?.tensor == gate)
    }
}
