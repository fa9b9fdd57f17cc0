import Router
import Shared
import Transport

extension NodeRegistryTests {
    typealias Change = @Sendable (inout HelloMessage) -> Void

    enum Event: Sendable {
        case connected(Int)
        case disconnected(Int)
        /// The link's node says hello, with changes.
        case hello(Int, Change = { _ in })
        case heartbeat(Int, incarnation: UInt64? = nil, draining: Bool = false, progress: UInt64 = 5)
        case goodbye(Int, String)
        case malformed(Int)
        case result(Int)
        /// Time passes, in steps of a second.
        case seconds(Int)
    }

    /// Links 1 and 2: node-1 hosts 0.0 and 0.meta, node-2 hosts 0.1 and 0.meta; nobody hosts 0.2.
    struct Cluster {
        static let (first, second, third, meta) = (
            ExpertID(layer: 0, slot: .routed(0)), ExpertID(layer: 0, slot: .routed(1)),
            ExpertID(layer: 0, slot: .routed(2)), ExpertID(layer: 0, slot: .meta)
        )
        static let layout = Source.make("layout", 0xAA).weightsHash
        static let weights = Source.make("weights", 0xBB).weightsHash

        var registry: NodeRegistry
        var now: Duration = .zero

        init(trust: WireTrust? = nil) {
            let experts = [Self.first, Self.second, Self.third, Self.meta]
            registry = NodeRegistry(
                expectation: ModelExpectation(
                    layoutHash: Self.layout,
                    hiddenSize: 8,
                    experts: Dictionary(uniqueKeysWithValues: experts.map { ($0, Self.weights) }),
                    numerics: "slow",
                ),
                epoch: 3,
                trust: trust,
            )
            for link in 1...2 {
                registry.add(LinkID(rawValue: link), endpoint: "tcp://host-\(link):1", timing: .init())
            }
        }

        static func hello(_ link: Int) -> HelloMessage {
            HelloMessage(
                sender: "node-\(link)",
                incarnation: UInt64(link),
                role: .expertNode,
                modelHash: layout,
                hiddenSize: 8,
                placementEpoch: 3,
                experts: [link == 1 ? first : second, meta].map { HostedExpert(expert: $0, weightsHash: weights) },
                numerics: "slow",
                software: "test/1",
                maximumMessageBytes: 1 << 20,
            )
        }

        /// Feeds an event and returns the actions in words.
        mutating func feed(_ event: Event) -> [String] {
            switch event {
            case .connected(let link): return handle(.connected(LinkID(rawValue: link)))
            case .disconnected(let link): return handle(.disconnected(LinkID(rawValue: link)))
            case .hello(let link, let change):
                var hello = Self.hello(link)
                change(&hello)
                return message(link, .hello(hello))
            case .heartbeat(let link, let incarnation, let draining, let progress):
                let heartbeat = HeartbeatMessage(
                    incarnation: incarnation ?? UInt64(link),
                    progress: progress,
                    queuedRows: 7,
                    draining: draining,
                )
                return message(link, .heartbeat(heartbeat))
            case .goodbye(let link, let reason): return message(link, .goodbye(GoodbyeMessage(reason: reason)))
            case .malformed(let link):
                return handle(.malformed(LinkID(rawValue: link), WireError(.unreadable, "bytes")))
            case .result(let link):
                let groups = [RowGroup(expert: Self.meta, rows: 1)]
                let result = ResultMessage(
                    groups: groups,
                    hiddenSize: 8,
                    queueMicroseconds: 0,
                    computeMicroseconds: 0,
                    placementEpoch: 3,
                )
                return message(link, .result(result))
            case .seconds(let count):
                var words: [String] = []
                for _ in 0..<count {
                    now += .seconds(1)
                    words += registry.tick(at: now).map(Self.words).filter { !$0.hasPrefix("heartbeat") }
                }
                return words
            }
        }

        /// Judges every node anew and returns the actions in words.
        mutating func review() -> [String] { registry.review().map(Self.words) }

        private mutating func message(_ link: Int, _ body: WireBody) -> [String] {
            handle(.message(LinkID(rawValue: link), WireHeader(request: 1, body: body), nil))
        }

        private mutating func handle(_ event: LinkEvent) -> [String] {
            registry.handle(event, at: now).map(Self.words)
        }

        static func words(_ action: NodeRegistry.Action) -> String {
            switch action {
            case .sendHello(let link): "hello \(link.rawValue)"
            case .renew(let link): "renew \(link.rawValue)"
            case .sendHeartbeat(let link): "heartbeat \(link.rawValue)"
            case .lost(let link, let reason): "lost \(link.rawValue): \(reason)"
            case .joined(let link): "joined \(link.rawValue)"
            case .refused(let link, let reason): "refused \(link.rawValue): \(reason)"
            case .suspect(let link): "suspect \(link.rawValue)"
            case .stalled(let link): "stalled \(link.rawValue)"
            }
        }

        /// The states of the nodes, and for each expert the node that is asked, or why nobody is.
        var summary: [String] {
            registry.status.nodes.map(\.state)
                + [Self.first, Self.second, Self.third, Self.meta].map { expert in
                    registry.hosts(of: expert).first?.node.rawValue ?? registry.reasonForAbsence(of: expert)
                }
        }
    }
}
