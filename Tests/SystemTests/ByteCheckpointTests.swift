import Foundation
import Kernels
import Model
import Router
import Shared
import Testing

/// A checkpoint stored in bytes, and the one that it was made from.
@Suite struct ByteCheckpointTests {
    /// The small model, converted, in a folder that is gone afterwards.
    private func withConverted(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "medmoe-bytes-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let weights = try ModelWeights(folder: Nano.folder)
        _ = try CheckpointConversion(
            of: weights.checkpoint,
            weights.configuration,
            dtype: .i8,
            shards: .bySize(1 << 30),
            parts: .init(router: true, experts: weights.configuration.moe.experts)
        ).write(to: folder) { (_, _) throws(CheckpointError) in }
        try body(folder)
    }

    private func trace(_ launcher: RouterLauncher) throws -> TraceRun {
        let pool = ThreadPool(threads: 2)
        return try TraceRun(
            TraceRun.Question(
                prompt: try ConversationTemplate.stablelm.prompt(
                    turns: [ChatTurn(role: .user, text: "<image>\nIs there evidence of pneumonia?")]),
                pixels: [try Nano.phantom(1)],
                maximumTokens: 4,
                expertTimeout: .seconds(5)
            ),
            model: launcher.model,
            plane: LocalExpertPlane(
                executor: LocalExpertExecutor(experts: launcher.loadExperts(), pool: pool, node: NodeID("local"))
            ),
            pool: pool
        )
    }

    @Test("Stored bytes give the bits of the original loaded as int8, which is their default")
    func sameBits() throws {
        try withConverted { folder in
            let original = try RouterLauncher(folder: Nano.folder, dtype: .int8)
            let stored = try RouterLauncher(folder: folder)
            #expect(stored.weights.dtype == .int8)
            #expect(try Nano.launcher.get().weights.dtype == .f32)
            let (expected, found) = (try trace(original), try trace(stored))
            #expect(found.text == expected.text)
            #expect(found.tensors.map(\.name) == expected.tensors.map(\.name))
            for (one, other) in zip(found.tensors, expected.tensors) {
                let equal = one.values.hasBits(of: other.values)
                #expect(equal, "\(one.name) differs")
            }
        }
    }

    @Test("Stored bytes are refused for other numbers", arguments: [ComputeDType.f32, .bf16])
    func otherNumbers(dtype: ComputeDType) throws {
        try withConverted { folder in
            let error = #expect(throws: CheckpointError.self) { try ModelWeights(folder: folder, dtype: dtype) }
            #expect(error?.code == .unsupported)
            #expect(error?.message.contains("--dtype int8") == true, "\(String(describing: error))")
        }
    }
}
