import Kernels
import Logging
import Model
import Router
import Shared
import Synchronization
import Testing
import Transport

/// A router's plane over three fake nodes: `a` has expert 4.0, `b` 4.1, and `c` 4.2 and 4.meta; replicas beside them.
final class FakeCluster {
    static let columns = 4
    static let layer = 4
    static let choices = [0, 1, 2, 0, 1, 2, 2, 1]

    let clock = ManualClock()
    let transport: InProcessExpertTransport
    let registry = PrometheusRegistry()
    let plane: RemoteExpertPlane
    let nodes: [String: FakeNode]
    private let board = Board()

    private final class Board: Sendable {
        let statuses = Mutex<[ClusterStatus]>([])
    }

    static func id(_ index: Int) -> ExpertID { ExpertID(layer: layer, slot: .routed(index)) }
    static let meta = ExpertID(layer: layer, slot: .meta)
    static let homes = [id(0): "a", id(1): "b", id(2): "c", meta: "c"]

    /// Makes the nodes of these names present and lets them join; each poll takes 100 ms for each node.
    ///
    /// `replicas` are further nodes, each with the experts of one of the three. With `membership` the plane has the nodes
    /// that hang there, and no others. Nodes of `otherWeights` have all their experts with these.
    init(
        present: [String] = ["a", "b", "c"],
        replicas: [String: String] = [:],
        wireDType: WireDType = .float32,
        step: Duration = .milliseconds(100),
        membership: DocumentBoard? = nil,
        otherWeights: [String: WeightsHash] = [:],
        adjust: (inout RemoteExpertPlane.Settings) -> Void = { _ in },
    ) throws {
        transport = try InProcessExpertTransport()
        let hash = Source.make("").weightsHash
        let clock = clock
        var nodes: [String: FakeNode] = [:]
        for name in ["a", "b", "c"] + replicas.keys {
            let experts = Self.homes.filter { $0.value == replicas[name] ?? name }.keys.sorted()
            nodes[name] = FakeNode(
                name: name,
                experts: experts.map { HostedExpert(expert: $0, weightsHash: otherWeights[name] ?? hash) },
                layout: hash,
                hiddenSize: Self.columns,
                onStep: { clock.advance(step) },
            )
        }
        self.nodes = nodes
        for name in present + replicas.keys.sorted() {
            if let node = nodes[name] { transport.register(endpoint: name, node: node) }
        }
        let board = board
        var settings = RemoteExpertPlane.Settings(
            router: "router",
            incarnation: 5,
            expectation: ModelExpectation(
                layoutHash: hash,
                hiddenSize: Self.columns,
                experts: Self.homes.mapValues { _ in hash },
                numerics: "fake",
            ),
            wireDType: wireDType,
        )
        adjust(&settings)
        plane = try RemoteExpertPlane(
            settings: settings,
            transport: transport,
            endpoints: membership == nil ? ["a", "b", "c"] + replicas.keys.sorted() : [],
            metrics: RouterMetrics(factory: registry),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            membership: membership,
            now: { clock.now },
            publish: { status in board.statuses.withLock { $0.append(status) } },
        )
        for _ in 0..<3 { plane.serveLinks(for: .zero) }
    }

    /// Every change of the cluster that was published.
    var statuses: [ClusterStatus] { board.statuses.withLock { $0 } }

    func node(_ name: String) throws -> FakeNode { try #require(nodes[name]) }

    static func inputRow(_ row: Int) -> [Float] { (0..<columns).map { Float(row * columns + $0 + 1) } }

    /// Asks for eight rows, and the meta expert for all of them.
    func execute(
        within budget: Duration = .seconds(2),
        skipped: Set<Int> = [],
        inputRow: (Int) -> [Float] = FakeCluster.inputRow,
    ) -> ExpertOutputs {
        begin(within: budget, skipped: skipped, inputRow: inputRow).finish()
    }

    /// The same without waiting.
    func begin(
        within budget: Duration = .seconds(2),
        skipped: Set<Int> = [],
        isAbandoned: @escaping () -> Bool = { false },
        inputRow: (Int) -> [Float] = FakeCluster.inputRow,
    ) -> any PendingExperts {
        let rows = Self.choices.count
        return plane.begin(
            ExpertCall(
                layer: Self.layer,
                input: Tensor(TensorShape(rows, Self.columns), (0..<rows).flatMap(inputRow)),
                routing: RoutingDecision(topK: 1, experts: Self.choices, weights: .init(repeating: 1, count: rows)),
                wantsMeta: true,
                skippedRows: skipped,
                deadline: clock.now + budget,
                isAbandoned: isAbandoned,
            )
        )
    }

    /// Expects that these experts failed, and that the rows of all others are right.
    static func check(
        _ outputs: borrowing ExpertOutputs,
        failed: Set<ExpertID> = [],
        from others: [ExpertID: String] = [:],
        location: SourceLocation = #_sourceLocation,
    ) {
        #expect(Set(outputs.failures.keys) == failed, sourceLocation: location)
        for (expert, failure) in outputs.failures {
            #expect(failure.expert == expert, sourceLocation: location)
            #expect(failure.message.hasPrefix("Expert \(expert) is not available: "), sourceLocation: location)
            #expect(failure.message.hasSuffix(".") && !failure.message.hasSuffix(".."), sourceLocation: location)
        }
        let hash = Source.make("").weightsHash
        let sources = homes.filter { !failed.contains($0.key) }
            .merging(others) { $1 }
            .mapValues { ExpertSource(node: NodeID($0), weightsHash: hash) }
        #expect(outputs.sources == sources, sourceLocation: location)
        for (row, choice) in choices.enumerated() {
            let input = inputRow(row)
            if !failed.contains(id(choice)) {
                let expected = input.map { FakeNode.factor(id(choice)) * $0 }
                #expect(outputs.routed.row(row) == expected, "row \(row)", sourceLocation: location)
            }
            if !failed.contains(meta) {
                #expect(outputs.meta.row(row) == input.map { 10 * $0 }, "row \(row)", sourceLocation: location)
            }
        }
    }

    /// The value of a series as a scrape has it, nil when there is none.
    func metric(_ series: String) -> String? {
        registry.render().split(separator: "\n").first { $0.hasPrefix(series + " ") }
            .map { String($0.dropFirst(series.count + 1)) }
    }
}
