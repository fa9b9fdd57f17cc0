internal import Foundation
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
        try await server.start(stage.client)
        var configuration = ChaosCluster.Configuration(.replicated(parts: 2, replicas: 2))
        configuration.membership = "etcd:\(server.url)/chaos"
        let away = max(.seconds(2), min(.seconds(300), stage.setup.duration / 2))
        return try await stage.with(configuration, name: "etcd") { cluster in
            let program = PlacementProgram(stage: stage, url: cluster.url())
            try await program.writeFirst()
            let calm = try await stage.calm(cluster)
            let recovery = Slot<Duration>()
            let refused = Slot<String>()
            let tally = try await stage.load.run(at: cluster.url()) { monitor in
                try await monitor.wait(forMore: 20, within: .seconds(60))
                server.kill()
                let end = ContinuousClock.now + away
                refused.value = await program.drain(["part-0-a"]) == nil ? nil : "a change was refused meanwhile"
                while end > .now {
                    // As many questions as there are until then: each second has to have some.
                    try await monitor.wait(forMore: 1, within: .seconds(60))
                }
                try await server.start(stage.client)
                let back = ContinuousClock.now
                var trouble = await program.drain(["part-0-a"])
                while trouble != nil, back.duration(to: .now) < .seconds(30) {
                    try await Task.sleep(for: .milliseconds(50))
                    trouble = await program.drain(["part-0-a"])
                }
                if trouble == nil { recovery.value = back.duration(to: .now) }
                try await monitor.wait(forMore: 20, within: .seconds(60))
                _ = await program.drain(["part-0-a", "--undo"])
                try await monitor.wait(forMore: 20, within: .seconds(60))
            }
            var row = ChaosRow("etcd", tally, calmWorst: calm.worst, recovery: recovery.value)
            row.demandNoLoss()
            row.demand(refused.value != nil, "a change was taken while nobody could keep it")
            row.demand(recovery.value != nil, "no change was taken within 30 s after etcd was back")
            row.note =
                "away for \(away.components.seconds) s; \(refused.value ?? "nothing was refused"); changes are "
                + "kept by etcd again"
            return row
        }
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

    /// Has a node drained; what it says when that is refused, or kept by another than etcd.
    func drain(_ arguments: [String]) async -> String? {
        let result = await run(["drain"] + arguments)
        return result.status == 0 && result.output.contains("kept by: etcd") ? nil : result.output
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
