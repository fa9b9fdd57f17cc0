import ExpertNode
import Kernels
import Logging
import Metrics
import Model
import Router
import Shared
import Synchronization
import Transport

/// Nodes and a router's plane in this process, over in-process links: no sockets, no threads.
final class InProcessCluster {
    let transport: InProcessExpertTransport
    let plane: RemoteExpertPlane
    let status: Mutex<ClusterStatus>
    private let layout: PlacementLayout

    /// Nodes of a layout; with `metaHere` the router computes the meta experts itself.
    init(
        layout: PlacementLayout,
        threads: Int = 1,
        dtype: ComputeDType = .f32,
        metaHere: Bool = false,
        wireDType: WireDType = .float32,
    ) throws {
        let loaded = try Nano.loaded(dtype)
        self.layout = layout
        transport = try InProcessExpertTransport()
        let board = StatusBox()
        for node in layout.nodes {
            transport.register(
                endpoint: node.id.rawValue,
                node: try Self.makeNode(node, threads: threads, dtype: dtype)
            )
        }
        plane = try RemoteExpertPlane(
            settings: .init(
                router: "router",
                incarnation: 1,
                expectation: loaded.expectation,
                wireDType: wireDType,
            ),
            transport: transport,
            endpoints: layout.nodes.map(\.id.rawValue),
            metrics: RouterMetrics(factory: PrometheusRegistry()),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            local: metaHere
                ? LocalExperts(experts: loaded.launcher.loadMetaExperts(), pool: ThreadPool(threads: threads)) : nil,
            publish: { board.publish($0) },
        )
        status = Mutex(ClusterStatus())
        self.board = board
    }

    private let board: StatusBox

    /// The cluster as the router sees it.
    var view: ClusterStatus { board.latest.withLock { $0 } }

    /// Serves the links until every expert is served; false when that does not happen.
    func joinAll() -> Bool {
        for _ in 0..<50 where !view.isReady { plane.serveLinks(for: .zero) }
        return view.isReady
    }

    static func makeNode(
        _ node: PlacementLayout.Node,
        threads: Int = 1,
        dtype: ComputeDType = .f32,
        incarnation: UInt64 = .random(in: 1 ... .max),
    ) throws -> ExpertNodeCore {
        let weights = try Nano.loaded(dtype).launcher.weights
        return ExpertNodeCore(
            settings: .init(
                node: node.id,
                incarnation: incarnation,
                modelHash: weights.layoutHash,
                hiddenSize: weights.configuration.hiddenSize,
                numerics: weights.dtype.numerics,
            ),
            experts: try ExpertBank(loading: node.experts, from: weights),
            pool: ThreadPool(threads: threads),
            metrics: NodeMetrics(factory: PrometheusRegistry()),
        )
    }
}

/// Where the plane publishes to.
final class StatusBox: Sendable {
    let latest = Mutex(ClusterStatus())
    func publish(_ status: ClusterStatus) { latest.withLock { $0 = status } }
}
