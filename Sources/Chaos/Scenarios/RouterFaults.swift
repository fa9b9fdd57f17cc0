internal import Foundation
internal import LocalCluster
internal import Shared

extension ChaosScenario {
    /// Routers that die, and nodes that leave on purpose.
    static let routers: [ChaosScenario] = [
        ChaosScenario("router-killed", "SIGKILL of one of three routers over six nodes", routerKilled),
        ChaosScenario("drain", "a node is drained and ended under load", drain),
    ]

    private static let routerKilled: @Sendable (ChaosStage) async throws -> ChaosRow = { stage in
        var configuration = ChaosCluster.Configuration(.replicated(parts: 3, replicas: 2))
        configuration.routers = 3
        return try await stage.with(configuration, name: "router-killed") { cluster in
            let calm = try await stage.calm(cluster)
            async let first = stage.load.run(at: cluster.url(1)) { monitor in
                try await monitor.wait(forMore: stage.setup.requests / 4, within: .seconds(300))
            }
            async let second = stage.load.run(at: cluster.url(2)) { monitor in
                try await monitor.wait(forMore: stage.setup.requests / 4, within: .seconds(300))
            }
            let dead = try await stage.load.run(at: cluster.url(0)) { monitor in
                try await monitor.wait(forMore: 20, within: .seconds(60))
                cluster.router(0)?.signal(SIGKILL)
                try await monitor.wait(forMore: 20, within: .seconds(60))
            }
            let others = try await [first, second]
            var tally = dead
            for other in others { tally.add(other) }
            var row = ChaosRow("router-killed", tally, calmWorst: calm.worst)
            row.demand(dead.failed > 0, "nobody noticed that the router was killed")
            row.demand(dead.worstFailure < .seconds(5), "a caller of the dead router was told after more than 5 s")
            row.demand(others.allSatisfy { $0.failed == 0 && $0.degraded == 0 }, "another router's callers were harmed")
            let idle = await stage.timeUntilIdle(cluster, within: .seconds(5))
            row.recovery = idle
            // Rows of small models are computed before anybody could drop them, so this is told and not demanded.
            row.note = "the nodes dropped \(await stage.orphaned(cluster)) dispatches of the dead router"
            row.demand(
                idle.map { $0 < .seconds(1) } ?? false,
                "the nodes still had rows of nobody a second after the last question",
            )
            return row
        }
    }

    private static let drain: @Sendable (ChaosStage) async throws -> ChaosRow = { stage in
        let victim = NodeID("part-0-a")
        return try await stage.with(.init(.replicated(parts: 2, replicas: 2)), name: "drain") { cluster in
            let calm = try await stage.calm(cluster)
            let status = Slot<Int>()
            let hasEnded = Slot<Bool>()
            let tally = try await stage.load.run(at: cluster.url()) { monitor in
                try await monitor.wait(forMore: 20, within: .seconds(60))
                let path = "/control/v1/nodes/\(victim)/drain"
                status.value = await stage.client.post(cluster.url() + path)?.status
                guard let code = status.value, (200..<300).contains(code) else { return }
                try await monitor.wait(forMore: 40, within: .seconds(60))
                cluster.node(victim)?.terminate()
                hasEnded.value = await cluster.node(victim)?.waitForExit(until: .now + .seconds(30))
                try await monitor.wait(forMore: 40, within: .seconds(60))
            }
            guard status.value != 404 else {
                return ChaosRow("drain", unavailable: "this router has no POST /control/v1/nodes/ID/drain")
            }
            var row = ChaosRow("drain", tally, calmWorst: calm.worst)
            row.demand(hasEnded.value == true, "the drain was answered with \(status.value ?? 0), or the node stayed")
            row.demand(cluster.node(victim)?.exitStatus == 0, "the drained node did not end with exit code 0")
            row.demandNoLoss()
            return row
        }
    }
}

extension ChaosStage {
    /// Dispatches that the nodes dropped because their router was gone.
    func orphaned(_ cluster: ChaosCluster) async -> Int {
        var sum = 0.0
        for node in cluster.nodes {
            guard let url = cluster.adminURL(of: node.id), let metrics = await client.get(url + "/metrics") else {
                continue
            }
            sum += Exposition.value("medmoe_node_orphaned_total", in: metrics.body) ?? 0
        }
        return Int(sum)
    }

    /// The time until no node has rows that wait; nil when that does not happen.
    func timeUntilIdle(_ cluster: ChaosCluster, within limit: Duration) async -> Duration? {
        let start = ContinuousClock.now
        while start.duration(to: .now) < limit {
            var waiting = 0.0
            for node in cluster.nodes {
                guard let url = cluster.adminURL(of: node.id) else { continue }
                // A node that does not say may have any number.
                let metrics = await client.get(url + "/metrics")?.body
                waiting += metrics.flatMap { Exposition.value("medmoe_node_queued_rows", in: $0) } ?? 1
            }
            if waiting == 0 { return start.duration(to: .now) }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return nil
    }
}

/// What a scrape says.
enum Exposition {
    /// The value of a series without labels.
    static func value(_ name: String, in text: String) -> Double? {
        text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
    }
}
