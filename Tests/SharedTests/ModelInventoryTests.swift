import Shared
import Testing

@Suite struct ModelInventoryTests {
    private func report(_ change: (inout TinyCheckpoint) -> Void) throws -> ModelInventory.Report {
        var tiny = TinyCheckpoint()
        change(&tiny)
        let folder = try TemporaryFolder()
        let checkpoint = try tiny.write(to: folder)
        return ModelInventory(try ModelConfiguration(of: checkpoint)).check(checkpoint)
    }

    @Test("The small model holds what its configuration demands, and nothing else")
    func nano() throws {
        let checkpoint = try Checkpoint(folder: TestModels.nano)
        let inventory = ModelInventory(try ModelConfiguration(of: checkpoint))
        let report = inventory.check(checkpoint)
        #expect(report.error == nil)
        #expect(report.surplus.map(\.name) == [])
        #expect(inventory.required.count + inventory.unread.count == 246)
        #expect(Set(inventory.required.map(\.name)).count == inventory.required.count)
    }

    @Test("A published layout holds what is demanded", .enabled(if: TestModels.golden("stablelm-tiny") != nil))
    func golden() throws {
        let checkpoint = try Checkpoint(folder: #require(TestModels.golden("stablelm-tiny")))
        let inventory = ModelInventory(try ModelConfiguration(of: checkpoint))
        let report = inventory.check(checkpoint)
        #expect(report.isLoadable)
        #expect(report.surplus.map(\.name) == [])
        // The last block of the tower and its last norm are there, and nothing reads them.
        #expect(inventory.required.count + inventory.unread.count == 163)
        #expect(inventory.unread.count == 18)
        #expect(inventory.unread.allSatisfy { checkpoint.entry($0.name)?.shape == $0.shape })
    }

    @Test("The tiny checkpoint lacks the tower's unread end and is complete all the same")
    func complete() throws {
        let report = try report { _ in }
        #expect(report.isLoadable && report.error == nil)
        #expect(report.surplus.isEmpty)
    }

    @Test(
        "Every single tensor is missed when it is gone",
        arguments: TinyCheckpoint().tensors.keys.sorted().filter {
            // Told by the tensors: without the first the rest cannot be judged, without the others the form is older.
            $0 != "model.embed_tokens.weight" && !$0.hasSuffix("wg.bias")
                && $0 != "model.layers.0.self_attn.q_proj.bias"
        }
    )
    func missing(_ name: String) throws {
        let report = try report { $0.tensors[name] = nil }
        #expect(report.missing.map(\.name) == [name])
        #expect(!report.isLoadable)
        #expect(report.error?.code == .missingTensor)
        #expect(report.error?.tensor == name)
    }

    @Test("Another shape is told with both, and how many more there are")
    func misshapen() throws {
        let report = try report {
            $0.tensors["lm_head.weight"] = [10, 8]
            $0.tensors["model.layers.0.mlp.meta_moe.down_proj.weight"] = [12, 8]
        }
        #expect(
            report.misshapen.map(\.requirement.name) == [
                "lm_head.weight", "model.layers.0.mlp.meta_moe.down_proj.weight",
            ]
        )
        #expect(report.error?.code == .wrongShape)
        #expect(report.error?.message == "expected the shape (11, 8), found (10, 8); 1 more tensors do not fit")
    }

    @Test("Tensors that nobody needs do no harm and are named")
    func surplus() throws {
        let report = try report { $0.tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = [1] }
        #expect(report.isLoadable)
        #expect(report.surplus.map(\.name) == ["model.layers.0.self_attn.rotary_emb.inv_freq"])
    }

    @Test("Weights stored as integers are told")
    func unreadable() throws {
        let folder = try TemporaryFolder()
        let tiny = TinyCheckpoint()
        let configuration = try tiny.configuration(in: folder)
        var writer = SafetensorsWriter()
        for (name, shape) in tiny.tensors {
            let count = shape.reduce(1, *)
            if name == "lm_head.weight" {
                writer.add(name, dtype: .i16, shape: shape, bytes: Array(repeating: 1, count: 2 * count))
            } else {
                writer.add(name, shape: shape, floats: Array(repeating: 1, count: count))
            }
        }
        try writer.write(to: folder.path("model.safetensors"))
        let report = ModelInventory(configuration).check(try Checkpoint(folder: folder.path))
        #expect(report.unreadable.map(\.requirement.name) == ["lm_head.weight"])
        #expect(report.error?.code == .wrongDType)
    }

    @Test("An expert's tensors are those whose hash names it")
    func expertTensors() throws {
        let configuration = try TinyCheckpoint().configuration(in: TemporaryFolder())
        let expert = ExpertID(layer: 0, slot: .meta)
        let demanded = ModelInventory.feedForward(TensorNames.expert(expert), configuration)
        #expect(demanded.map(\.name) == TensorNames.weights(of: expert, .stableLM).map(\.fullName))
        #expect(demanded.map(\.shape) == [[12, 8], [12, 8], [8, 12]])
    }
}
