internal import Foundation
internal import LocalCluster
internal import Shared

extension ChaosScenario {
    /// Faults of what the cluster leans on.
    static let elsewhere = [
        ChaosScenario("etcd", "etcd killed, away for half of --duration (2 s to 5 min), and started again", etcd)
    ]

    private static let etcd: @Sendable (ChaosStage) async throws -> ChaosRow = { stage in
        guard let server = try EtcdProcess(folder: stage.setup.folder + "/etcd") else {
            return ChaosRow("etcd", unavailable: "etcd is not installed; apt-get install etcd-server")
        }
        defer { server.kill() }
        try await server.start(stage.isHealthy)
        var configuration = ChaosCluster.Configuration(.replicated(parts: 2, replicas: 2))
        configuration.membership = "etcd:\(server.url)/chaos"
        let away = max(.seconds(2), min(.seconds(300), stage.setup.duration / 2))
        return try await stage.with(configuration, name: "etcd") { cluster in
            let program = PlacementProgram(stage: stage, url: cluster.url())
            // A plan of those who are there would leave out who comes later.
            for node in cluster.nodes {
                guard await stage.timeUntilUp(node.id, cluster) != nil else {
                    throw ChaosError("Expected node \(node.id) to come up within a minute, it did not.")
                }
            }
            try await program.writeFirst()
            let calm = try await stage.calm(cluster)
            let recovery = Slot<Duration>()
            let (refused, undone) = (Slot<Bool>(), Slot<Bool>())
            let tally = try await stage.load.run(at: cluster.url()) { monitor in
                try await monitor.wait(forMore: 20, within: .seconds(60))
                server.kill()
                let end = ContinuousClock.now + away
                refused.value = await program.drain(["part-0-a"]) == .refused
                // Somebody is answered all the time that nobody keeps the placement.
                while end > .now { try await monitor.wait(forMore: 1, within: .seconds(5)) }
                try await server.start(stage.isHealthy)
                let back = ContinuousClock.now
                var outcome = await program.drain(["part-0-a"])
                while outcome != .kept, back.duration(to: .now) < .seconds(30) {
                    try await Task.sleep(for: .milliseconds(50))
                    outcome = await program.drain(["part-0-a"])
                }
                if outcome == .kept { recovery.value = back.duration(to: .now) }
                try await monitor.wait(forMore: 20, within: .seconds(60))
                undone.value = await program.drain(["part-0-a", "--undo"]) == .kept
                try await monitor.wait(forMore: 20, within: .seconds(60))
            }
            var row = ChaosRow("etcd", tally, calmWorst: calm.worst, recovery: recovery.value)
            row.demandNoLoss()
            row.demand(refused.value == true, "a change was not refused while nobody could keep it")
            row.demand(recovery.value != nil, "no change was kept by etcd within 30 s after it was back")
            row.demand(undone.value == true, "the change was not taken back")
            row.note = "etcd was away for \(away.components.seconds) s"
            return row
        }
    }
}

extension ChaosStage {
    /// Whether an etcd says that it is well.
    fileprivate func isHealthy(_ url: String) async -> Bool {
        await client.get(url)?.body.contains("true") == true
    }
}

/// Changes of a placement by `medmoe`, as people make them.
private struct PlacementProgram {
    let stage: ChaosStage
    let url: String

    /// Makes what the nodes host the placement that etcd keeps.
    func writeFirst() async throws {
        let file = stage.setup.folder + "/etcd/placement.json"
        try await demand(["placement", "plan", "--replicas", "2", "--out", file])
        let data = try Data(contentsOf: URL(filePath: file))
        guard var document = try JSONSerialization.jsonObject(with: data) as? [String: Any],
            let status = await stage.client.get(url + "/control/v1/placement"),
            let current = try JSONSerialization.jsonObject(with: Data(status.body.utf8)) as? [String: Any],
            let epoch = current["epoch"] as? Int
        else { throw ChaosError("Expected a plan and a placement with an epoch from \(url), found something else.") }
        document["epoch"] = epoch + 1
        try JSONSerialization.data(withJSONObject: document).write(to: URL(filePath: file))
        try await demand(["placement", "apply", "--file", file])
    }

    /// What became of a change.
    enum Outcome {
        /// Etcd has it.
        case kept
        /// It was refused, because etcd is away.
        case refused
        /// Anything else: another keeps it, or it is refused for another reason.
        case other
    }

    /// Has a node drained, or asked again.
    func drain(_ arguments: [String]) async -> Outcome {
        let result = await run(["drain"] + arguments)
        guard result.status == 0 else { return result.output.contains("tcd does not answer") ? .refused : .other }
        return result.output.contains("kept by: etcd") ? .kept : .other
    }

    private func demand(_ arguments: [String]) async throws {
        let result = await run(arguments)
        guard result.status == 0 else {
            throw ChaosError("Expected medmoe \(arguments[0]) to succeed, it said: \(result.output)")
        }
    }

    private func run(_ arguments: [String]) async -> (status: Int32, output: String) {
        await SystemTool.run(stage.setup.programs + "/medmoe", arguments + ["--url", url])
    }
}
