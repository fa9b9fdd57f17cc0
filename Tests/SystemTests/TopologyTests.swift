import Foundation
import Kernels
import Model
import Router
import Shared
import Testing
import Transport

@Suite struct TopologyTests {
    static let layouts: [(name: String, split: String, nodes: Int)] = [
        ("one node", "index", 1), ("three nodes by index", "index", 3), ("six nodes by index", "index", 6),
        ("seven nodes by index", "index", 7), ("three nodes by layer", "layer", 3),
        ("seven nodes by layer", "layer", 7),
    ]

    static func layout(_ split: String, _ nodes: Int) throws -> PlacementLayout {
        let moe = try Nano.launcher.get().weights.configuration.moe
        return split == "index" ? try .byIndex(moe, nodes: nodes) : try .byLayer(moe, nodes: nodes)
    }

    @Test("Every topology gives the bits of one process", arguments: layouts)
    func sameBits(name: String, split: String, nodes: Int) throws {
        let launcher = try Nano.launcher.get()
        let question = TraceRun.Question(
            prompt: try ConversationTemplate.stablelm.prompt(
                turns: [ChatTurn(role: .user, text: "<image>\nIs there evidence of pneumonia?")]),
            pixels: [try Nano.phantom(1)],
            maximumTokens: 6,
            expertTimeout: .seconds(5)
        )
        let local = try TraceRun(
            question,
            model: launcher.model,
            plane: LocalExpertPlane(
                executor: LocalExpertExecutor(
                    experts: Nano.bank.get(),
                    pool: ThreadPool(threads: 2),
                    node: NodeID("local")
                )
            ),
            pool: ThreadPool(threads: 2)
        )
        let cluster = try InProcessCluster(layout: Self.layout(split, nodes))
        try #require(cluster.joinAll())
        let remote = try TraceRun(
            question,
            model: launcher.model,
            plane: cluster.plane,
            pool: ThreadPool(threads: 1)
        )

        #expect(local.tensors.map(\.name) == remote.tensors.map(\.name))
        for (one, other) in zip(local.tensors, remote.tensors) {
            let equal = one.values.hasBits(of: other.values)
            #expect(equal, "\(one.name) differs")
        }
        #expect(local.text == remote.text)
        #expect(local.tensors.contains { $0.name == "meta_output.4" })
    }
}

extension TraceTensor.Values {
    func hasBits(of other: TraceTensor.Values) -> Bool {
        switch (self, other) {
        case (.floats(let a), .floats(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern }
        case (.integers(let a), .integers(let b)): a == b
        default: false
        }
    }
}
