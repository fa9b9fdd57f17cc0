import ExpertNode
import Kernels
import Logging
import Model
import Router
import Shared
import Synchronization
import TestKit
import Transport

/// Two replicas of every expert in this process, behind a network that fails by plan.
///
/// Router and nodes share a clock that each poll turns, so a lost message costs no time and nothing can hang unseen.
final class FaultyCluster {
    let network: FaultyExpertTransport
    let plane: RemoteExpertPlane
    private let routerMetrics = PrometheusRegistry()
    private let nodeMetrics = PrometheusRegistry()
    private let clock: Clock
    private let board = StatusBox()

    private final class Clock {
        private(set) var now = ContinuousClock.now
        func advance(_ duration: Duration) { now += duration }
    }

    /// With a `step`, each poll turns the clock by it; without one, the clock is the machine's.
    init(_ plan: FaultPlan, replicas: Int = 2, step: Duration? = .milliseconds(2)) throws {
        let loaded = try Nano.loaded(.f32)
        let moe = loaded.launcher.weights.configuration.moe
        let local = try InProcessExpertTransport()
        let clock = Clock()
        let now: () -> ContinuousClock.Instant = step == nil ? { .now } : { clock.now }
        self.clock = clock
        let weights = loaded.launcher.weights
        var endpoints: [String] = []
        for part in try PlacementLayout.byIndex(moe, nodes: 2).nodes {
            for replica in 0..<replicas {
                let name = "\(part.id)-\(replica)"
                endpoints.append(name)
                let node = ExpertNodeCore(
                    settings: .init(
                        node: NodeID(name),
                        incarnation: UInt64(endpoints.count),
                        modelHash: weights.layoutHash,
                        hiddenSize: weights.configuration.hiddenSize,
                        numerics: weights.dtype.numerics,
                    ),
                    experts: try ExpertBank(loading: part.experts, from: weights),
                    pool: ThreadPool(threads: 1),
                    metrics: NodeMetrics(factory: nodeMetrics),
                    now: now,
                )
                local.register(endpoint: name, node: node)
            }
        }
        network = FaultyExpertTransport(local, plan: plan)
        if let step { network.onPoll = { clock.advance(step) } }
        let board = board
        plane = try RemoteExpertPlane(
            settings: .init(router: "router", incarnation: 1, expectation: loaded.expectation),
            transport: network,
            endpoints: endpoints,
            metrics: RouterMetrics(factory: routerMetrics),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            now: now,
            publish: { board.publish($0) },
        )
    }

    /// The time of router and nodes.
    var now: ContinuousClock.Instant { clock.now }

    /// Serves the links until every expert is served; false when that does not happen.
    func joinAll() -> Bool {
        for _ in 0..<50_000 where !isReady { plane.serveLinks(for: .zero) }
        return isReady
    }

    private var isReady: Bool { board.latest.withLock { $0.isReady } }

    /// The sum of all series of router and nodes by which people see that something is wrong.
    var counted: Double {
        let names = [
            "medmoe_dispatch_failures_total", "medmoe_dispatch_retries_total", "medmoe_dispatch_hedges_total",
            "medmoe_dropped_replies_total", "medmoe_node_faults_total",
        ]
        let lines = (routerMetrics.render() + "\n" + nodeMetrics.render()).split(separator: "\n")
        return lines.filter { line in names.contains { line.hasPrefix($0 + "{") || line.hasPrefix($0 + " ") } }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }

    /// Rows of one layer, made from a seed: the same for every cluster.
    static func call(_ seed: UInt64, layer: Int, deadline: ContinuousClock.Instant) throws -> ExpertCall {
        let configuration = try Nano.launcher.get().weights.configuration
        var generator = SeededGenerator(seed: seed)
        let rows = 1 + Int(generator.next() % 9)
        let count = configuration.moe.experts.count { $0.layer == layer && $0.slot != .meta }
        let choices = (0..<rows).map { _ in Int(generator.next() % UInt64(count)) }
        return ExpertCall(
            layer: layer,
            input: Tensor(
                TensorShape(rows, configuration.hiddenSize),
                generator.floats(rows * configuration.hiddenSize)
            ),
            routing: RoutingDecision(topK: 1, experts: choices, weights: .init(repeating: 1, count: rows)),
            wantsMeta: true,
            skippedRows: [],
            deadline: deadline,
        )
    }
}
