internal import Foundation
internal import Kernels
internal import LocalCluster
internal import Model
internal import Router
internal import Shared
internal import Transport

/// Expert-node processes without a router process, for a command that computes the rest itself.
struct LayerCluster {
    private let cluster: LocalCluster
    private let launcher: RouterLauncher
    private let folder: String
    private let metaIsHere: Bool
    private let wireDType: WireDType
    /// The nodes and their experts.
    let nodes: [NodeSpec]

    /// Describes the nodes; nothing runs yet.
    init(model: String, layout: LayoutOptions, launcher: RouterLauncher, wireDType: WireDType) throws {
        self.launcher = launcher
        metaIsHere = layout.meta == .router
        self.wireDType = wireDType
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
            dtype: launcher.weights.dtype.rawValue,
        )
        configuration.cores = ThreadPool.usableCores
        cluster = try LocalCluster(configuration)
    }

    /// Runs `work` on a compute thread once every expert is served, then ends the nodes.
    ///
    /// `work` gets the plane and a pool of `threads` threads.
    func with<Value: Sendable>(
        threads: Int,
        _ work: @escaping @Sendable (RemoteExpertPlane, ThreadPool) throws -> Value,
    ) async throws -> Value {
        do {
            try cluster.start()
            let endpoints = cluster.endpoints
            let expectation = try launcher.makeExpectation()
            let here = metaIsHere ? try launcher.loadMetaExperts() : nil
            let wireDType = wireDType
            let value = try await ComputeThread.value(named: "layers") {
                let pool = ThreadPool(threads: threads)
                let plane = try TracePlane.connect(
                    endpoints,
                    expectation: expectation,
                    wireDType: wireDType,
                    patience: .seconds(300),
                    local: here.map { LocalExperts(experts: $0, pool: pool) },
                )
                plane.idle = { pool.park() }
                return try work(plane, pool)
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
