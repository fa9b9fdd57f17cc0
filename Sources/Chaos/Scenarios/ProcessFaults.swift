internal import Foundation
internal import LocalCluster
internal import Shared

extension ChaosScenario {
    /// Nodes that die, stop and come back.
    static let processes: [ChaosScenario] =
        [
            ChaosScenario("kill-replica", "SIGKILL of one of two replicas", isShort: true, killReplica),
            killSingle(.refuse, isShort: true), killSingle(.metaOnly, isShort: true), killSingle(.wait),
            stop("stop-100ms", .milliseconds(100)), stop("stop-1s", .seconds(1), isShort: true),
            stop("stop-30s", .seconds(30)),
            ChaosScenario("stop-single", "SIGSTOP for 1 s of a node without a replica", stopSingle),
        ]

    private static let victim = NodeID("part-0-a")

    private static let killReplica: @Sendable (ChaosStage) async throws -> ChaosRow = { stage in
        try await stage.with(.init(.replicated(parts: 2, replicas: 2)), name: "kill-replica") { cluster in
            let calm = try await stage.calm(cluster)
            let third = max(1, stage.setup.requests / 3)
            let recovery = Slot<Duration>()
            let tally = try await stage.load.run(at: cluster.url()) { monitor in
                try await monitor.wait(forMore: third, within: .seconds(300))
                try await cluster.kill(victim)
                try await monitor.wait(forMore: third, within: .seconds(300))
                try cluster.startNode(victim)
                recovery.value = await stage.timeUntilUp(victim, cluster)
                try await monitor.wait(forMore: third, within: .seconds(300))
            }
            var row = ChaosRow("kill-replica", tally, calmWorst: calm.worst, recovery: recovery.value)
            row.demandNoLoss()
            row.demand(
                tally.worst < calm.worst + .seconds(1),
                "an answer took more than a second longer than the longest before the fault",
            )
            row.demand(recovery.value != nil, "the node did not come back within a minute")
            return row
        }
    }

    /// SIGKILL of the one node that has the busiest expert index, under each policy.
    private static func killSingle(_ policy: MissingPolicy, isShort: Bool = false) -> ChaosScenario {
        let name = "kill-single-\(policy.rawValue)"
        return ChaosScenario(name, "SIGKILL of an expert without a replica, \(policy.rawValue)", isShort: isShort) {
            stage in
            let slot = stage.busiestSlot
            let victim = NodeID("expert-\(slot)")
            var configuration = ChaosCluster.Configuration(.single)
            // The loosest that a request may ask for; each asks for less.
            configuration.routerArguments = ["--on-missing-expert", MissingPolicy.metaOnly.rawValue]
            return try await stage.with(configuration, name: name) { cluster in
                let calm = try await stage.calm(cluster)
                let router = cluster.router()?.processID
                let recovery = Slot<Duration>()
                let tally = try await stage.load.run(at: cluster.url(), policy: policy) { monitor in
                    try await monitor.wait(forMore: 20, within: .seconds(60))
                    try await cluster.kill(victim)
                    // Those who wait for the expert do not come to an end before it is back.
                    if policy == .wait {
                        try await monitor.wait(forUpTo: 60, within: .seconds(2))
                    } else {
                        try await monitor.wait(forMore: 60, within: .seconds(60))
                    }
                    try cluster.startNode(victim)
                    recovery.value = await stage.timeUntilAnswered(slot, cluster)
                    try await monitor.wait(forMore: 20, within: .seconds(60))
                }
                var row = ChaosRow(name, tally, calmWorst: calm.worst, recovery: recovery.value)
                row.demand(recovery.value.map { $0 < .seconds(2) } ?? false, "no full answer within 2 s of the restart")
                row.demand(
                    cluster.router()?.processID == router && cluster.router()?.isRunning == true,
                    "the router did not live through it",
                )
                switch policy {
                case .refuse:
                    row.demand(tally.degraded == 0, "an answer was degraded though nobody allowed that")
                    row.demand(tally.failed > 0, "nobody was told that the expert was missing")
                    row.demand(tally.worstFailure < .seconds(7), "somebody was told only after more than 7 s")
                case .metaOnly:
                    row.demand(tally.failed == 0, "\(tally.failed) failed though the meta expert was there")
                    row.demand(tally.degraded > 0, "no answer was marked as degraded")
                case .wait: row.demandNoLoss()
                }
                return row
            }
        }
    }

    /// SIGSTOP of one of two replicas.
    private static func stop(_ name: String, _ time: Duration, isShort: Bool = false) -> ChaosScenario {
        ChaosScenario(name, "SIGSTOP of one of two replicas for \(time)", isShort: isShort) { stage in
            try await stage.with(.init(.replicated(parts: 2, replicas: 2)), name: name) { cluster in
                let calm = try await stage.calm(cluster)
                let recovery = Slot<Duration>()
                let tally = try await stage.load.run(at: cluster.url()) { monitor in
                    try await monitor.wait(forMore: 20, within: .seconds(60))
                    cluster.node(victim)?.signal(SIGSTOP)
                    try await Task.sleep(for: time)
                    cluster.node(victim)?.signal(SIGCONT)
                    recovery.value = await stage.timeUntilUp(victim, cluster)
                    try await monitor.wait(forMore: 20, within: .seconds(60))
                }
                var row = ChaosRow(name, tally, calmWorst: calm.worst, recovery: recovery.value)
                row.demandNoLoss()
                row.demand(recovery.value != nil, "the node did not come back within a minute")
                return row
            }
        }
    }

    private static let stopSingle: @Sendable (ChaosStage) async throws -> ChaosRow = { stage in
        let slot = stage.busiestSlot
        let victim = NodeID("expert-\(slot)")
        return try await stage.with(.init(.single), name: "stop-single") { cluster in
            let calm = try await stage.calm(cluster)
            let recovery = Slot<Duration>()
            let tally = try await stage.load.run(at: cluster.url()) { monitor in
                try await monitor.wait(forMore: 20, within: .seconds(60))
                cluster.node(victim)?.signal(SIGSTOP)
                try await Task.sleep(for: .seconds(1))
                cluster.node(victim)?.signal(SIGCONT)
                recovery.value = await stage.timeUntilAnswered(slot, cluster)
                try await monitor.wait(forMore: 20, within: .seconds(60))
            }
            var row = ChaosRow("stop-single", tally, calmWorst: calm.worst, recovery: recovery.value)
            row.demand(tally.right > 0, "not one answer was right")
            row.demand(recovery.value != nil, "no full answer within a minute")
            row.demand(tally.degraded == 0, "an answer was degraded though nobody allowed that")
            return row
        }
    }
}

extension ChaosRow {
    /// Promises that no question was lost and no answer was less than whole.
    mutating func demandNoLoss() {
        demand(tally.failed == 0, "\(tally.failed) of \(tally.requests) failed, none was expected to")
        demand(tally.degraded == 0, "\(tally.degraded) of \(tally.requests) were degraded, none was expected to be")
    }
}
