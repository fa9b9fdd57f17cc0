internal import Foundation
internal import Shared

extension ChaosScenario {
    /// Nodes that come back as somebody else.
    static let weights: [ChaosScenario] = [
        ChaosScenario("other-weights", "a replica comes back with other weights", isShort: true, otherWeights)
    ]

    private static let otherWeights: @Sendable (ChaosStage) async throws -> ChaosRow = { stage in
        let name = "other-weights"
        let victim = NodeID("part-0-a")
        // Part 0 of two has the first expert index.
        let other = try OtherWeights.folder(of: stage.setup, expert: 0)
        return try await stage.with(.init(.replicated(parts: 2, replicas: 2)), name: name) { cluster in
            let calm = try await stage.calm(cluster)
            let isNamed = Slot<Bool>()
            let recovery = Slot<Duration>()
            let tally = try await stage.load.run(at: cluster.url()) { monitor in
                try await cluster.kill(victim)
                try cluster.startNode(victim, model: other)
                let end = ContinuousClock.now + .seconds(30)
                while ContinuousClock.now < end, isNamed.value != true {
                    let report = await stage.client.get(cluster.url() + "/readyz")
                    isNamed.value = report.map { Self.names(victim, in: $0.body) } ?? false
                    try await Task.sleep(for: .milliseconds(20))
                }
                // It stays, and nobody asks it.
                try await monitor.wait(forMore: 60, within: .seconds(60))
                try await cluster.kill(victim)
                try cluster.startNode(victim)
                recovery.value = await stage.timeUntilUp(victim, cluster)
                try await monitor.wait(forMore: 20, within: .seconds(60))
            }
            var row = ChaosRow(name, tally, calmWorst: calm.worst, recovery: recovery.value)
            row.demandNoLoss()
            row.demand(isNamed.value == true, "/readyz did not name the refused node")
            row.demand(recovery.value != nil, "the node did not come back with its own weights")
            return row
        }
    }

    /// Whether the report lists a node among those that are refused.
    private static func names(_ node: NodeID, in report: String) -> Bool {
        guard case .object(let object) = try? JSONParser.parse(Array(report.utf8)),
            case .array(let refused) = object["refused"]
        else { return false }
        return refused.contains { reason in
            guard case .string(let text) = reason else { return false }
            return text.contains(node.rawValue)
        }
    }
}
