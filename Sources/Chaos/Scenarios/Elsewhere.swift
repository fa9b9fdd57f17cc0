internal import Shared

extension ChaosScenario {
    /// Faults of what the cluster leans on.
    static let elsewhere = [
        ChaosScenario("etcd", "etcd killed, restarted, lost for a while", etcd)
    ]

    /// A hook: needs routers that take their nodes from etcd, and etcd itself.
    private static let etcd: @Sendable (ChaosStage) async throws -> ChaosRow = { stage in
        let help = await SystemTool.run(stage.setup.programs + "/medmoe-router", ["--help"])
        guard help.output.contains("--membership") else {
            return ChaosRow("etcd", unavailable: "these routers take their nodes from no etcd (no --membership)")
        }
        guard SystemTool.path("etcd") != nil else {
            return ChaosRow("etcd", unavailable: "etcd is not installed; apt-get install etcd-server")
        }
        // To be tried: ChaosCluster.Configuration takes further arguments of routers and nodes.
        return ChaosRow(
            "etcd",
            unavailable: "the fault is not written yet; the tests of membership kill and restart etcd"
        )
    }
}
