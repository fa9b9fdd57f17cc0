internal import Benchmarking
internal import Foundation
internal import LocalCluster
internal import Shared

extension ChaosScenario {
    /// One fault after another, of all kinds, on one cluster; the same seed gives the same order.
    static let random = ChaosScenario("random", "faults of all kinds for --duration, drawn from --seed") { stage in
        var configuration = ChaosCluster.Configuration(.replicated(parts: 2, replicas: 2))
        configuration.isProxied = true
        let other = try OtherWeights.folder(of: stage.setup, expert: 0)
        return try await stage.with(configuration, name: "random") { cluster in
            let calm = try await stage.calm(cluster)
            let done = Slot<[String: Int]>()
            let tally = try await stage.load.run(at: cluster.url()) { monitor in
                var plan = RandomPlan(seed: stage.setup.seed)
                let end = ContinuousClock.now + stage.setup.duration
                var counts: [String: Int] = [:]
                while ContinuousClock.now < end {
                    let fault = plan.next(nodes: cluster.nodes.count)
                    counts[fault.kind.rawValue, default: 0] += 1
                    done.value = counts
                    try await fault.happen(to: cluster, otherWeights: other)
                    try await monitor.wait(forUpTo: plan.pause(), within: .seconds(30))
                }
                for node in cluster.nodes where cluster.node(node.id)?.isRunning != true {
                    try cluster.startNode(node.id)
                }
            }
            let start = ContinuousClock.now
            try await stage.waitUntilReady(cluster)
            var row = ChaosRow("random", tally, calmWorst: calm.worst, recovery: start.duration(to: .now))
            row.demand(tally.degraded == 0, "an answer was degraded though nobody allowed that")
            row.demand(tally.right > 0, "not one answer was right")
            // Gates feel every number of the layers before them; what the last mixture layer computes shows in words only.
            let after = await stage.load.askAll(at: cluster.url())
            row.demand(after.right == after.requests, "afterwards \(after.requests - after.right) were not right")
            let words = (done.value ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key) ×\($0.value)" }
            row.note = words.joined(separator: ", ")
            return row
        }
    }
}

/// The faults of a random run, drawn from a seed: a value without clock or cluster.
package struct RandomPlan {
    private var generator: SplitMix64

    /// Starts a plan.
    package init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    /// One fault.
    package struct Fault: Equatable {
        /// What happens.
        package enum Kind: String, CaseIterable {
            /// See `happen`, and the rows of the same names.
            case kill, stop, otherWeights, cutToNode, cutToRouter, delay, loss, rate, reset
        }

        /// What happens.
        package var kind: Kind
        /// To which node, by its place.
        package var node: Int
        /// For how long.
        package var time: Duration
    }

    /// The next fault.
    package mutating func next(nodes: Int) -> Fault {
        let kinds = Fault.Kind.allCases
        return Fault(
            kind: kinds[draw(kinds.count)],
            node: draw(nodes),
            time: .milliseconds(100 * Int64(1 + draw(40))),
        )
    }

    /// Questions until the next one.
    mutating func pause() -> Int { draw(30) }

    private mutating func draw(_ bound: Int) -> Int { Int(generator.next() % UInt64(max(1, bound))) }
}

extension RandomPlan.Fault {
    /// Does it, and mends it; the next may come before everybody has noticed.
    func happen(to cluster: ChaosCluster, otherWeights: String) async throws {
        let id = cluster.nodes[node].id
        let proxy = cluster.proxies[id]
        var conditions = ProxyConditions()
        switch kind {
        case .kill:
            try await cluster.kill(id)
            try await Task.sleep(for: time)
            return try cluster.startNode(id)
        case .otherWeights:
            try await cluster.kill(id)
            try cluster.startNode(id, model: otherWeights)
            try await Task.sleep(for: time)
            try await cluster.kill(id)
            return try cluster.startNode(id)
        case .stop:
            cluster.node(id)?.signal(SIGSTOP)
            try await Task.sleep(for: time)
            cluster.node(id)?.signal(SIGCONT)
            return
        case .reset:
            proxy?.reset()
            return
        case .cutToNode: conditions.cutsToNode = true
        case .cutToRouter: conditions.cutsToRouter = true
        case .delay: conditions.delay = .milliseconds(50)
        case .loss: conditions.lossPermille = 50
        case .rate: conditions.bytesPerSecond = 125_000
        }
        proxy?.conditions = conditions
        try await Task.sleep(for: time)
        proxy?.conditions = ProxyConditions()
    }
}
