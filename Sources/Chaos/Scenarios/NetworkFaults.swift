internal import LocalCluster
internal import Shared

extension ChaosScenario {
    /// Networks that are slow, lossy, cut, or that damage what they carry.
    static let network: [ChaosScenario] = [
        cut("cut-to-node", isShort: true) { $0.cutsToNode = true },
        cut("cut-to-router") { $0.cutsToRouter = true },
        bad("delay-50ms", "50 ms more on every link") { $0.delay = .milliseconds(50) },
        bad("loss-1pct", "1 % of pieces lost and sent again, on every link") { $0.lossPermille = 10 },
        bad("rate-1mbit", "1 Mbit/s on every link") { $0.bytesPerSecond = 125_000 },
        bad("resets", "connections that break, on every link") { $0.resetPermille = 20 },
        bad("corrupt-bytes", "bits that fall over, on one of two replicas", of: "-a") { $0.corruptPermille = 5 },
        bad("duplicate-bytes", "bytes that come twice, on one of two replicas", of: "-a") { $0.duplicatePermille = 5 },
        bad("reorder-bytes", "bytes in another order, on one of two replicas", of: "-a") { $0.reorderPermille = 5 },
    ]

    private static func conditions(_ change: (inout ProxyConditions) -> Void) -> ProxyConditions {
        var conditions = ProxyConditions()
        change(&conditions)
        return conditions
    }

    private static var proxied: ChaosCluster.Configuration {
        var configuration = ChaosCluster.Configuration(.replicated(parts: 2, replicas: 2))
        configuration.isProxied = true
        return configuration
    }

    /// One direction of one replica's link goes silent, while its connection stays.
    private static func cut(
        _ name: String,
        isShort: Bool = false,
        _ change: @escaping @Sendable (inout ProxyConditions) -> Void,
    ) -> ChaosScenario {
        ChaosScenario(name, "one-way cut of one of two replicas", isShort: isShort) { stage in
            let victim = NodeID("part-0-a")
            return try await stage.with(proxied, name: name) { cluster in
                let calm = try await stage.calm(cluster)
                let recovery = Slot<Duration>()
                let tally = try await stage.load.run(at: cluster.url()) { monitor in
                    try await monitor.wait(forMore: 20, within: .seconds(60))
                    cluster.proxies[victim]?.conditions = conditions(change)
                    // Longer than a link may be silent.
                    try await Task.sleep(for: max(.seconds(6), stage.faultTime))
                    cluster.proxies[victim]?.conditions = ProxyConditions()
                    recovery.value = await stage.timeUntilUp(victim, cluster)
                    try await monitor.wait(forMore: 20, within: .seconds(60))
                }
                var row = ChaosRow(name, tally, calmWorst: calm.worst, recovery: recovery.value)
                row.demandNoLoss()
                row.demand(recovery.value != nil, "the link did not come back within a minute")
                return row
            }
        }
    }

    /// Links that carry on badly: answers are right or say that they are not there, within their deadline.
    private static func bad(
        _ name: String,
        _ summary: String,
        of suffix: String = "",
        _ change: @escaping @Sendable (inout ProxyConditions) -> Void,
    ) -> ChaosScenario {
        ChaosScenario(name, summary) { stage in
            try await stage.with(proxied, name: name) { cluster in
                let calm = try await stage.calm(cluster)
                let bad = conditions(change)
                let proxies = cluster.proxies.filter { $0.key.rawValue.hasSuffix(suffix) || suffix.isEmpty }.values
                let recovery = Slot<Duration>()
                let carried = Slot<Int>()
                let tally = try await stage.load.run(at: cluster.url()) { monitor in
                    let before = proxies.reduce(0) { $0 + $1.pieces }
                    for proxy in proxies { proxy.conditions = bad }
                    try await Task.sleep(for: stage.faultTime)
                    carried.value = proxies.reduce(0) { $0 + $1.pieces } - before
                    for proxy in proxies {
                        proxy.conditions = ProxyConditions()
                        // Whoever lost count of the bytes of a connection never finds its place again.
                        if bad.damagesBytes { proxy.reset() }
                    }
                    let start = ContinuousClock.now
                    try await stage.waitUntilReady(cluster)
                    for node in cluster.nodes { _ = await stage.timeUntilUp(node.id, cluster, within: .seconds(30)) }
                    recovery.value = start.duration(to: .now)
                    try await monitor.wait(forMore: 20, within: .seconds(60))
                }
                var row = ChaosRow(name, tally, calmWorst: calm.worst, recovery: recovery.value)
                row.demand(tally.right > 0, "not one answer was right")
                row.demand((carried.value ?? 0) > 0, "nothing went through the bad links")
                row.demand(tally.degraded == 0, "an answer was degraded though nobody allowed that")
                row.demand(
                    recovery.value.map { $0 < .seconds(15) } ?? false,
                    "a link was not back within 15 s of the last damage",
                )
                let after = await stage.load.askAll(at: cluster.url())
                row.demand(after.right == after.requests, "afterwards \(after.requests - after.right) were not right")
                return row
            }
        }
    }
}
