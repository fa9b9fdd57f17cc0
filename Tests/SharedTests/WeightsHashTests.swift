import Foundation
import Shared
import Testing

@Suite struct WeightsHashTests {
    /// Computed by another program from the description of the hash.
    @Test(
        "An expert's hash is that of the description",
        arguments: [
            (ExpertID(layer: 2, slot: .routed(3)), "86cef1fed99c898410bec4d3e46a2e7c0deacd010d86d4368f763a6553d3c27d"),
            (ExpertID(layer: 4, slot: .meta), "e3f66db98476a043ed47662866d0dcfee2bad9a54ee86efcf6791171b1bf3bb0"),
        ]
    )
    func nanoExperts(_ expert: ExpertID, _ hash: String) throws {
        let checkpoint = try Checkpoint(folder: TestModels.nano)
        #expect(try checkpoint.weightsHash(of: TensorNames.weights(of: expert, .stableLM)).description == hash)
    }

    @Test("A model's layout hash is that of the description")
    func nanoLayout() throws {
        let checkpoint = try Checkpoint(folder: TestModels.nano)
        let hash = checkpoint.layoutHash(try ModelConfiguration(of: checkpoint))
        #expect(hash.description == "eab84e9caf98fd889fb6eb8d98c6b9b759cb4ad564e76478fcd7b70de8fc5f5e")
    }

    @Test("The same numbers have the same hash in another file, under another name and in another order")
    func independentOfPlace() throws {
        let folder = try TemporaryFolder()
        func write(_ subfolder: String, _ names: [String], _ first: Float, shape: [Int] = [2]) throws -> Checkpoint {
            var writer = SafetensorsWriter()
            writer.add(names[0], shape: shape, floats: [first, 2])
            writer.add(names[1], shape: [1], floats: [3])
            try folder.write(subfolder + "/note", "")
            try writer.write(to: folder.path(subfolder + "/model.safetensors"))
            return try Checkpoint(folder: folder.path(subfolder))
        }
        let one = try write("1", ["a", "b"], 1)
        let two = try write("2", ["z", "y"], 1)
        let hash = try one.weightsHash(of: [("up", "a"), ("down", "b")])
        #expect(try two.weightsHash(of: [("down", "y"), ("up", "z")]) == hash)
        // A number, a name or a shape makes another hash.
        #expect(try write("3", ["a", "b"], 5).weightsHash(of: [("up", "a"), ("down", "b")]) != hash)
        #expect(try one.weightsHash(of: [("gate", "a"), ("down", "b")]) != hash)
        #expect(try write("4", ["a", "b"], 1, shape: [1, 2]).weightsHash(of: [("up", "a"), ("down", "b")]) != hash)
    }

    @Test("The layout hash sees shapes and sizes, not numbers")
    func layout() throws {
        func hash(_ change: (inout TinyCheckpoint) -> Void) throws -> WeightsHash {
            let folder = try TemporaryFolder()
            var tiny = TinyCheckpoint()
            change(&tiny)
            let checkpoint = try tiny.write(to: folder)
            return checkpoint.layoutHash(try ModelConfiguration(of: checkpoint))
        }
        let plain = try hash { _ in }
        #expect(try hash { $0.fields["eos_token_id"] = "4" } == plain)
        #expect(try hash { $0.moe["top_k_experts"] = "2" } != plain)
        #expect(try hash { $0.tensors["lm_head.weight"] = [12, 8] } != plain)
        #expect(try hash { $0.tensors["another"] = [1] } != plain)
    }

    @Test("A hash of tensors that are not there is refused")
    func missing() throws {
        let checkpoint = try Checkpoint(folder: TestModels.nano)
        let error = #expect(throws: CheckpointError.self) {
            try checkpoint.weightsHash(of: TensorNames.weights(of: ExpertID(layer: 1, slot: .routed(0)), .stableLM))
        }
        #expect(error?.code == .missingTensor)
    }
}
