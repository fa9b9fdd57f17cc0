import Kernels
import Model
import Router
import Shared
import Testing
import Transport

@Suite("Element types of the wire through a cluster")
struct WireDTypeTests {
    static func question() throws -> TraceRun.Question {
        TraceRun.Question(
            prompt: try ConversationTemplate.stablelm.prompt(
                turns: [ChatTurn(role: .user, text: "<image>\nIs there evidence of pneumonia?")]),
            pixels: [try Nano.phantom(1)],
            maximumTokens: 6,
            expertTimeout: .seconds(5)
        )
    }

    static func launcher(_ dtype: ComputeDType) throws -> RouterLauncher {
        try Nano.loaded(dtype).launcher
    }

    static func run(nodes: Int, dtype: ComputeDType, wire: WireDType) throws -> TraceRun {
        let launcher = try launcher(dtype)
        let cluster = try InProcessCluster(
            layout: TopologyTests.layout("index", nodes),
            dtype: dtype,
            wireDType: wire,
        )
        try #require(cluster.joinAll())
        return try TraceRun(
            question(),
            model: launcher.model,
            plane: cluster.plane,
            pool: ThreadPool(threads: 1)
        )
    }

    static func compare(_ one: TraceRun, _ other: TraceRun) {
        #expect(one.tensors.map(\.name) == other.tensors.map(\.name))
        for (a, b) in zip(one.tensors, other.tensors) {
            let equal = a.values.hasBits(of: b.values)
            #expect(equal, "\(a.name) differs")
        }
        #expect(one.text == other.text)
    }

    @Test("Floats on the wire give the bits of one process", arguments: [ComputeDType.f32, .bf16])
    func floats(dtype: ComputeDType) throws {
        let launcher = try Self.launcher(dtype)
        let executor = LocalExpertExecutor(
            experts: try launcher.loadExperts(),
            pool: ThreadPool(threads: 1),
            node: NodeID("local")
        )
        let local = try TraceRun(
            Self.question(),
            model: launcher.model,
            plane: LocalExpertPlane(executor: executor),
            pool: ThreadPool(threads: 1)
        )
        Self.compare(local, try Self.run(nodes: 3, dtype: dtype, wire: .float32))
    }

    @Test(
        "Sixteen bits on the wire give the same bits whatever the number of nodes",
        arguments: [(ComputeDType.f32, WireDType.bfloat16), (.bf16, .bfloat16), (.f32, .float16)]
    )
    func sixteenBits(dtype: ComputeDType, wire: WireDType) throws {
        let one = try Self.run(nodes: 1, dtype: dtype, wire: wire)
        Self.compare(one, try Self.run(nodes: 3, dtype: dtype, wire: wire))
        // Else nothing was rounded, and the test proves nothing.
        let floats = try Self.run(nodes: 1, dtype: dtype, wire: .float32)
        let differs = zip(one.tensors, floats.tensors).contains { !$0.values.hasBits(of: $1.values) }
        #expect(differs)
    }
}
