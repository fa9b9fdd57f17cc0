import Router
import Shared
import Testing
import Transport

@Suite("Nodes and what their keys entitle them to")
struct NodeTrustTests {
    typealias Cluster = NodeRegistryTests.Cluster
    static let keys = ["a", "b"].compactMap { CurvePublicKey(String(repeating: $0, count: 40)) }

    static func node(_ link: Int, _ experts: Set<ExpertID>) -> AllowList.Node {
        AllowList.Node(
            name: NodeID("node-\(link)"),
            key: keys[link - 1],
            experts: experts,
            endpoint: "tcp://host-\(link):1",
        )
    }

    /// node-1 may host 0.0 and 0.meta, node-2 0.1 and 0.meta: what they say they host.
    static let fair = AllowList(nodes: [
        node(1, [Cluster.first, Cluster.meta]), node(2, [Cluster.second, Cluster.meta]),
    ])
    static let short = AllowList(nodes: [node(1, [Cluster.first, Cluster.meta]), node(2, [Cluster.second])])
    static let surplus =
        "Node node-2 hosts expert 0.meta, which the allow-list does not grant to its key; mend its --experts or the "
        + "allow-list."

    @Test("Nodes that are what their keys say join")
    func fair() {
        var cluster = Cluster(trust: WireTrust(Self.fair))
        for (event, actions) in NodeRegistryTests.join { #expect(cluster.feed(event) == actions) }
        #expect(cluster.registry.status.nodes.map(\.state) == ["up", "up"])
    }

    @Test("A node with a key for other experts is refused, named, and never asked")
    func otherExperts() {
        var cluster = Cluster(trust: WireTrust(Self.short))
        _ = cluster.feed(.connected(2))
        #expect(cluster.feed(.hello(2)) == ["refused 2: \(Self.surplus)"])
        #expect(cluster.registry.status.nodes[1].state == "refused")
        #expect(cluster.registry.status.nodes[1].reason == Self.surplus)
        #expect(cluster.registry.hosts(of: Cluster.second).isEmpty)
        #expect(cluster.registry.hosts(of: Cluster.meta).isEmpty)
    }

    @Test("Another process on the same connection is judged as the first was")
    func restarted() {
        var cluster = Cluster(trust: WireTrust(Self.fair))
        for (event, _) in NodeRegistryTests.join { _ = cluster.feed(event) }
        let actions = cluster.feed(
            .hello(2) {
                $0.incarnation = 77
                $0.sender = "node-3"
            }
        )
        #expect(actions.first == "lost 2: it was restarted")
        #expect(actions.count == 2 && actions.last?.hasPrefix("refused 2: ") == true)
        #expect(cluster.registry.hosts(of: Cluster.second).isEmpty)
    }

    @Test("A node is told to host only what its key is granted, whatever the placement says")
    func placed() {
        var cluster = Cluster(trust: WireTrust(Self.fair))
        for (event, _) in NodeRegistryTests.join { _ = cluster.feed(event) }
        let endpoint = cluster.registry.status.nodes[0].endpoint
        let wanted = PlacementDocument(
            epoch: 9,
            nodes: [
                .init(id: NodeID("node-1"), endpoint: endpoint, experts: [Cluster.first, Cluster.second, Cluster.meta])
            ]
        )
        let told = cluster.registry.assignments(for: wanted).map(\.message.experts)
        #expect(told == [[Cluster.first, Cluster.meta]])
    }

    @Test("A node that bears another name than its key's is refused")
    func otherName() {
        var cluster = Cluster(trust: WireTrust(Self.fair))
        _ = cluster.feed(.connected(2))
        let reason =
            "The node that calls itself node-1 has the key of node-2; start it with --node node-2, or with its own key."
        #expect(cluster.feed(.hello(2) { $0.sender = "node-1" }) == ["refused 2: \(reason)"])
    }

    @Test("An endpoint that is not on the list is shown as refused before anybody answers there")
    func unlisted() {
        let cluster = Cluster(trust: WireTrust(AllowList(nodes: [Self.node(1, [])])))
        let states = cluster.registry.status.nodes.map(\.state)
        #expect(states == ["connecting", "refused"])
        #expect(cluster.registry.status.nodes[1].reason?.contains("tcp://host-2:1") == true)
    }

    @Test("A change of the list takes a node away while it serves, and gives it back")
    func review() {
        let trust = WireTrust(Self.fair)
        var cluster = Cluster(trust: trust)
        for (event, _) in NodeRegistryTests.join { _ = cluster.feed(event) }
        #expect(cluster.review().isEmpty)
        trust.replace(Self.short)
        #expect(cluster.review() == ["lost 2: it is trusted no more", "refused 2: \(Self.surplus)"])
        #expect(cluster.registry.hosts(of: Cluster.second).isEmpty)
        #expect(cluster.registry.hosts(of: Cluster.meta).map(\.node) == [NodeID("node-1")])
        trust.replace(Self.fair)
        #expect(cluster.review() == ["joined 2"])
        #expect(cluster.registry.hosts(of: Cluster.second).map(\.node) == [NodeID("node-2")])
    }

    @Test("Why a link gets no connection is told, until the node serves")
    func explanation() {
        var cluster = Cluster(trust: WireTrust(Self.fair))
        let words = WireFailure.denied.aboutNode
        cluster.registry.explain(LinkID(rawValue: 1), words)
        #expect(cluster.registry.status.nodes[0].reason == words)
        _ = cluster.feed(.connected(1))
        _ = cluster.feed(.hello(1))
        #expect(cluster.registry.status.nodes[0].reason == nil)
        cluster.registry.explain(LinkID(rawValue: 1), words)
        #expect(cluster.registry.status.nodes[0].reason == nil)
    }
}
