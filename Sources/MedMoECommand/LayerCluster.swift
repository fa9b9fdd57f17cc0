internal import Foundation
internal import Kernels
internal import LocalCluster
internal import Model
internal import Router
internal import Shared

/// Expert-node processes without a router process, for a command that computes the rest itself.
struct LayerCluster {
    private let cluster: LocalCluster
    private let launcher: RouterLauncher
    private let folder: String
    /// The nodes and their experts.
    let nodes: [NodeSpec]

    /// Describes the nodes; nothing runs yet.
    init(model: String, layout: LayoutOptions, launcher: RouterLauncher, dtype: ComputeDType) throws {
        self.launcher = launcher
        folder = FileManager.default.temporaryDirectory.path + "/medmoe-nodes-\(getpid())"
        nodes = try layout.makeNodes(launcher.weights.configuration.moe)
        var configuration = LocalCluster.Configuration(
            model: model,
            nodes: nodes,
            programs: ProgramFolder.path,
            logs: folder + "/logs",
            sockets: LocalCluster.freshSocketFolder(),
            port: nil,
            threads: 1,
            dtype: dtype.rawValue,
        )
        configuration.cores = ThreadPool.usableCores
        cluster = try LocalCluster(configuration)
    }

    /// Runs `work` on a compute thread once every expert is served, then ends the nodes.
    func with<Value: Sendable>(_ work: @escaping @Sendable (RemoteExpertPlane) throws -> Value) async throws -> Value {
        do {
            try cluster.start()
            let endpoints = cluster.endpoints
            let expectation = try launcher.makeExpectation()
            let value = try await ComputeThread.value(named: "layers") {
                try work(TracePlane.connect(endpoints, expectation: expectation, patience: .seconds(300)))
            }
            await cluster.stop()
            try? FileManager.default.removeItem(atPath: folder)
            return value
        } catch {
            await cluster.stop()
            throw error
        }
    }
}
