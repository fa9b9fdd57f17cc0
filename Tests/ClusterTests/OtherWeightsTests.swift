import Foundation
import LocalCluster
import Model
import Shared
import Testing

/// Experts whose weights are changed while requests run, because the placement says so.
@Suite(.serialized) struct OtherWeightsTests {
    /// Long enough that its beginning is kept for the next one who asks.
    private static let question = String(repeating: "What is shown? ", count: 12)
    private static let tokens = 24

    @Test(
        "A placement that names other weights is followed between requests: each answer is that of one set or the other"
    )
    func swap() async throws {
        let folder = try Checkout.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let other = folder.appending(path: "medmoe-nano").path
        try FileManager.default.copyItem(atPath: Checkout.nano, toPath: other)
        try Self.negateExperts(in: other + "/model.safetensors")
        let ours = try Self.hashes(of: Checkout.nano)
        let named = try Self.hashes(of: other).filter { ours[$0.key] != $0.value }
        #expect(!named.isEmpty)
        let truth = try await TestCluster.withServer(model: other) { http in
            try await http.ask(Self.question, maximumTokens: Self.tokens).content
        }

        try await PlacementTests.withReplicas(file: true) { cluster, http in
            let before = try await http.ask(Self.question, maximumTokens: Self.tokens)
            #expect(before.status == 200)
            #expect(before.content != truth, "the other weights have to make a difference")

            let node = try #require(cluster.node(NodeID("two")))
            node.signal(SIGKILL)
            let isGone = await node.waitForExit(until: .now + .seconds(10))
            #expect(isGone)
            try cluster.startNode(NodeID("two"), model: other)

            let lanes = Lanes()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 { group.addTask { try await lanes.run(http, asking: Self.question) } }
                defer { lanes.end() }
                try await lanes.wait(forMore: 6)
                try Self.place(2, on: "two", of: cluster, weights: named)
                try await Self.wait { lanes.answers.last?.text == truth }
                try Self.place(3, on: "one", of: cluster, weights: [:])
                try await Self.wait { lanes.answers.last?.text == before.content }
            }
            for answer in lanes.answers {
                #expect(answer.status == 200, "\(answer.text)")
                #expect([before.content, truth].contains(answer.text), "an answer mixes two sets of weights")
            }
        }
    }

    private static func wait(for condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await !condition() {
            guard deadline > .now else { throw HTTP.NotReady(message: "what was waited for did not come") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// The hash of each expert's weights, by `layer.slot`.
    private static func hashes(of model: String) throws -> [String: String] {
        let weights = try ModelWeights(folder: model)
        var hashes: [String: String] = [:]
        for expert in weights.configuration.moe.experts {
            hashes[expert.description] = try weights.hash(of: expert).description
        }
        return hashes
    }

    /// Gives all experts to one node, in the cluster's placement file.
    private static func place(
        _ epoch: Int,
        on name: String,
        of cluster: LocalCluster,
        weights: [String: String],
    ) throws {
        let path = try #require(cluster.configuration.membership).dropFirst("file:".count)
        let nodes = zip(["one", "two"], cluster.endpoints).map { id, endpoint in
            ["id": id, "endpoint": endpoint, "experts": id == name ? "all" : "none"]
        }
        var document: [String: Any] = ["epoch": epoch, "nodes": nodes]
        if !weights.isEmpty { document["weights"] = weights }
        let fresh = URL(filePath: path + ".new")
        try JSONSerialization.data(withJSONObject: document).write(to: fresh)
        #expect(rename(fresh.path, String(path)) == 0)
    }

    /// Turns the sign of what every routed expert says: a model that says something else.
    private static func negateExperts(in path: String) throws {
        var data = try Data(contentsOf: URL(filePath: path))
        let length = Int(data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        let header = try JSONSerialization.jsonObject(with: data[8..<8 + length]) as? [String: [String: Any]]
        let tensors = try #require(header).filter { name, _ in
            name.contains("deepspeed_experts.") && name.hasSuffix("down_proj.weight")
        }
        #expect(!tensors.isEmpty)
        for tensor in tensors.values {
            let offsets = try #require(tensor["data_offsets"] as? [Int])
            let width = tensor["dtype"] as? String == "F32" ? 4 : 2
            for last in stride(from: offsets[0] + width - 1, to: offsets[1], by: width) {
                data[8 + length + last] ^= 0x80
            }
        }
        try data.write(to: URL(filePath: path))
    }
}
