import Router
import Shared
import Testing
import Transport

@Suite("Node registry")
struct NodeRegistryTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var events: [(Event, actions: [String])]
        var summary: [String]
        var testDescription: String { name }
    }

    static let nobody = "no connected node hosts it"
    static let join: [(Event, actions: [String])] = [
        (.connected(1), ["hello 1"]), (.connected(2), ["hello 2"]), (.hello(1), ["joined 1"]),
        (.hello(2), ["joined 2"]),
    ]

    static let cases = [
        Case(
            name: "at first nobody is there",
            events: [],
            summary: ["connecting", "connecting"] + .init(repeating: nobody, count: 4)
        ),
        Case(
            name: "connections are greeted, and hellos join; of two the first is asked",
            events: join,
            summary: ["up", "up", "node-1", "node-2", nobody, "node-1"],
        ),
        Case(
            name: "events of unknown links change nothing",
            events: join + [(.hello(9), []), (.disconnected(9), []), (.connected(9), [])],
            summary: ["up", "up", "node-1", "node-2", nobody, "node-1"],
        ),
        Case(
            name: "a lost connection takes its node away; another that hosts the expert is asked instead",
            events: join + [(.disconnected(1), ["lost 1: the connection was lost"])],
            summary: ["down", "up", "its node node-1 is down (the connection was lost)", "node-2", nobody, "node-2"],
        ),
        Case(
            name: "a node that comes again is greeted and joins again",
            events: join + [
                (.disconnected(1), ["lost 1: the connection was lost"]), (.connected(1), ["hello 1"]),
                (.hello(1), ["joined 1"]),
            ],
            summary: ["up", "up", "node-1", "node-2", nobody, "node-1"],
        ),
        Case(
            name: "a node that leaves says why",
            events: join + [(.goodbye(2, "drained"), ["lost 2: it left: drained"])],
            summary: ["up", "down", "node-1", "its node node-2 is down (it left: drained)", nobody, "node-1"],
        ),
        Case(
            name: "silence makes nodes suspect, and nobody asks them",
            events: join + [(.seconds(3), ["suspect 1", "suspect 2"])],
            summary: [
                "suspect", "suspect", "its node node-1 is suspect", "its node node-2 is suspect", nobody,
                "its node node-1 is suspect",
            ],
        ),
        Case(
            name: "a heartbeat, a result or garbage ends the suspicion",
            events: join + [
                (.seconds(3), ["suspect 1", "suspect 2"]), (.heartbeat(1), ["joined 1"]), (.result(2), ["joined 2"]),
                (.seconds(3), ["suspect 1", "suspect 2"]), (.malformed(1), ["joined 1"]),
            ],
            summary: ["up", "suspect", "node-1", "its node node-2 is suspect", nobody, "node-1"],
        ),
        Case(
            name: "long silence loses a node",
            events: join + [
                (.seconds(2), []), (.heartbeat(1), []),
                (.seconds(2), ["suspect 2", "lost 2: nothing was heard from it"]),
            ],
            summary: ["up", "down", "node-1", "its node node-2 is down (nothing was heard from it)", nobody, "node-1"],
        ),
        Case(
            name: "a node whose rows wait and that computes none for 3 s is not asked, until it does",
            events: join + [
                (.heartbeat(1), []), (.seconds(1), []), (.heartbeat(1), []), (.heartbeat(2, progress: 1), []),
                (.seconds(1), []), (.heartbeat(1), []), (.heartbeat(2, progress: 2), []), (.seconds(1), []),
                (.heartbeat(1), ["stalled 1"]), (.heartbeat(2, progress: 3), []), (.seconds(1), []),
                (.hello(1), []), (.malformed(1), []), (.heartbeat(1), []), (.heartbeat(2, progress: 4), []),
            ],
            summary: [
                "suspect", "up", "its node node-1 is suspect (rows wait there and it does not compute)", "node-2",
                nobody, "node-2",
            ],
        ),
        Case(
            name: "a node that computes again is asked again",
            events: join + [
                (.heartbeat(1), []), (.seconds(1), []), (.heartbeat(1), []), (.heartbeat(2), []), (.seconds(1), []),
                (.heartbeat(1), []), (.heartbeat(2, progress: 6), []), (.seconds(1), []),
                (.heartbeat(1), ["stalled 1"]), (.heartbeat(1, progress: 6), ["joined 1"]),
            ],
            summary: ["up", "up", "node-1", "node-2", nobody, "node-1"],
        ),
        Case(
            name: "another process in the same place is a restart",
            events: join + [(.hello(1) { $0.incarnation = 77 }, ["lost 1: it was restarted", "joined 1"])],
            summary: ["up", "up", "node-1", "node-2", nobody, "node-1"],
        ),
        Case(
            name: "a heartbeat of another process asks who it is",
            events: join + [
                (.heartbeat(1, incarnation: 77), ["hello 1"]),
                (.hello(1) { $0.incarnation = 77 }, ["lost 1: it was restarted", "joined 1"]),
                (.heartbeat(1, incarnation: 77), []),
            ],
            summary: ["up", "up", "node-1", "node-2", nobody, "node-1"],
        ),
        Case(
            name: "the same hello again changes nothing",
            events: join + [(.hello(1), []), (.hello(2), [])],
            summary: ["up", "up", "node-1", "node-2", nobody, "node-1"],
        ),
        Case(
            name: "a node that drains is asked no more, and the reason says so",
            events: join + [(.heartbeat(1, draining: true), [])],
            summary: ["up", "up", "its node node-1 is draining", "node-2", nobody, "node-2"],
        ),
        Case(
            name: "a hello can say that its node drains, after heartbeats that did not",
            events: join + [(.heartbeat(1), []), (.hello(1) { $0.draining = true }, [])],
            summary: ["up", "up", "its node node-1 is draining", "node-2", nobody, "node-2"],
        ),
        Case(
            name: "a drained node that was restarted serves again at once",
            events: join + [
                (.heartbeat(1, draining: true), []), (.goodbye(1, "drained"), ["lost 1: it left: drained"]),
                (.disconnected(1), []), (.connected(1), ["hello 1"]), (.hello(1) { $0.incarnation = 77 }, ["joined 1"]),
            ],
            summary: ["up", "up", "node-1", "node-2", nobody, "node-1"],
        ),
        Case(
            name: "a refused node that comes again as it should be, joins",
            events: [
                (.connected(1), ["hello 1"]),
                (
                    .hello(1) { $0.hiddenSize = 16 },
                    ["refused 1: Node node-1 has rows of 16 numbers; this model has 8."]
                ),
                (.disconnected(1), ["lost 1: the connection was lost"]), (.connected(1), ["hello 1"]),
                (.hello(1) { $0.incarnation = 77 }, ["joined 1"]),
            ],
            summary: ["up", "connecting", "node-1", nobody, nobody, "node-1"],
        ),
        Case(
            name: "of two nodes of one name the second is refused",
            events: [
                (.connected(1), ["hello 1"]), (.connected(2), ["hello 2"]), (.hello(1), ["joined 1"]),
                (
                    .hello(2) { $0.sender = "node-1" },
                    ["refused 2: Two nodes call themselves node-1; the other is at tcp://host-1:1. Rename one."]
                ),
            ],
            summary: [
                "up", "refused", "node-1",
                "Two nodes call themselves node-1; the other is at tcp://host-1:1. Rename one.",
                nobody, "node-1",
            ],
        ),
        Case(
            name: "a node refused for its name is asked again when the name is free",
            events: [
                (.connected(1), ["hello 1"]), (.connected(2), ["hello 2"]), (.hello(1), ["joined 1"]),
                (
                    .hello(2) { $0.sender = "node-1" },
                    ["refused 2: Two nodes call themselves node-1; the other is at tcp://host-1:1. Rename one."]
                ),
                (.disconnected(1), ["lost 1: the connection was lost", "hello 2"]),
            ],
            summary: [
                "down", "refused", "its node node-1 is down (the connection was lost)",
                "Two nodes call themselves node-1; the other is at tcp://host-1:1. Rename one.",
                nobody, "its node node-1 is down (the connection was lost)",
            ],
        ),
        Case(
            name: "a name is free again when its node is gone",
            events: [
                (.connected(1), ["hello 1"]), (.connected(2), ["hello 2"]), (.hello(1), ["joined 1"]),
                (.disconnected(1), ["lost 1: the connection was lost"]),
                (.hello(2) { $0.sender = "node-1" }, ["joined 2"]),
            ],
            summary: ["down", "up", "its node node-1 is down (the connection was lost)", "node-1", nobody, "node-1"],
        ),
    ]

    @Test("Events lead to actions, and decide who is asked", arguments: cases)
    func events(item: Case) {
        var cluster = Cluster()
        for (index, (event, actions)) in item.events.enumerated() {
            #expect(cluster.feed(event) == actions, "event \(index)")
        }
        #expect(cluster.summary == item.summary)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var name: String
        var change: Change
        var reason: String
        var testDescription: String { name }
    }

    static let short = (layout: String(repeating: "aa", count: 6), weights: String(repeating: "bb", count: 6))

    static let refusals = [
        Refusal(
            name: "a router in place of a node",
            change: { $0.role = .router },
            reason: "node-1 is not an expert node; point --nodes at medmoe-expert.",
        ),
        Refusal(
            name: "another model",
            change: { $0.modelHash = Source.hash(0xCC) },
            reason: "Node node-1 serves another model (layout cccccccccccc); this router serves \(short.layout).",
        ),
        Refusal(
            name: "another row size",
            change: { $0.hiddenSize = 16 },
            reason: "Node node-1 has rows of 16 numbers; this model has 8.",
        ),
        Refusal(
            name: "an expert that the model does not have",
            change: { $0.experts.append(HostedExpert(expert: ExpertID(layer: 9, slot: .routed(0)), weightsHash: nil)) },
            reason: "Node node-1 hosts expert 9.0, which this model does not have.",
        ),
        Refusal(
            name: "other weights",
            change: { $0.experts[1].weightsHash = Source.hash(0xCC) },
            reason:
                "Node node-1 hosts expert 0.meta with weights \(String(repeating: "cc", count: 32)); this router expects "
                + "\(short.weights), until the \"weights\" of a placement name others.",
        ),
        Refusal(
            name: "weights that it does not name",
            change: { $0.experts[0].weightsHash = nil },
            reason: "Node node-1 names no weights for expert 0.0; this router expects \(short.weights).",
        ),
    ]

    @Test(
        "A node that cannot serve this model is refused with its reason, told once, and never asked",
        arguments: refusals
    )
    func refused(item: Refusal) {
        var cluster = Cluster()
        _ = cluster.feed(.connected(1))
        #expect(cluster.feed(.hello(1, item.change)) == ["refused 1: \(item.reason)"])
        #expect(cluster.feed(.hello(1, item.change)).isEmpty)
        let status = cluster.registry.status
        #expect(status.nodes.first?.state == "refused")
        #expect(status.nodes.first?.reason == item.reason)
        #expect(status.missing.count == 4)
        for expert in status.experts.keys { #expect(cluster.registry.hosts(of: expert).isEmpty) }
    }

    @Test("A node that does not name its model is taken by its experts' weights")
    func unnamedModel() {
        var cluster = Cluster()
        _ = cluster.feed(.connected(1))
        #expect(cluster.feed(.hello(1) { $0.modelHash = nil }) == ["joined 1"])
    }

    @Test("The status tells what people need to know")
    func status() throws {
        var cluster = Cluster()
        for (event, _) in Self.join { _ = cluster.feed(event) }
        _ = cluster.feed(.heartbeat(2, draining: true))
        let status = cluster.registry.status
        #expect(status.epoch == 3)
        #expect(!status.isReady)
        #expect(status.missing == [Cluster.second, Cluster.third])
        #expect(status.experts[Cluster.meta] == [NodeID("node-1")])
        let node = try #require(status.nodes.last)
        #expect(node.endpoint == "tcp://host-2:1")
        #expect(node.node == NodeID("node-2"))
        #expect(node.progress == 5)
        #expect(node.queuedRows == 7)
        #expect(node.isDraining)
        #expect(node.numerics == "slow")
        #expect(node.software == "test/1")
        #expect(node.experts == [Cluster.second, Cluster.meta])
    }

    @Test("People know a link by its endpoint until its node says its name")
    func names() {
        var cluster = Cluster()
        #expect(cluster.registry.name(of: LinkID(rawValue: 1)) == "tcp://host-1:1")
        _ = cluster.feed(.connected(1))
        _ = cluster.feed(.hello(1))
        #expect(cluster.registry.name(of: LinkID(rawValue: 1)) == "node-1")
        #expect(cluster.registry.name(of: LinkID(rawValue: 5)) == "unknown node")
    }

    @Test("Heartbeats go out once an interval while a node is up")
    func heartbeats() {
        var cluster = Cluster()
        _ = cluster.feed(.connected(1))
        _ = cluster.feed(.hello(1))
        var sent = 0
        for tenth in 1...40 {
            _ = cluster.feed(.heartbeat(1))
            sent += cluster.registry.tick(at: .milliseconds(100 * tenth)).count {
                $0 == .sendHeartbeat(LinkID(rawValue: 1))
            }
        }
        #expect(sent == 4)
    }
}
