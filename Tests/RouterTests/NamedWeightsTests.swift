import Router
import Shared
import Testing
import Transport

/// What a registry makes of a placement that names other weights.
@Suite("Weights that a placement names")
struct NamedWeightsTests {
    typealias Cluster = NodeRegistryTests.Cluster
    typealias Node = PlacementDocument.Node

    private static let other = Source.hash(0xCC)
    private static let all = [Cluster.first, Cluster.second, Cluster.third, Cluster.meta]

    /// Lets a node say which experts it has, some of them with the other weights.
    private static func join(
        _ link: Int,
        _ cluster: inout Cluster,
        hosts experts: [ExpertID] = all,
        other: [ExpertID] = [],
        isDraining: Bool = false,
    ) {
        _ = cluster.feed(.connected(link))
        _ = cluster.feed(
            .hello(link) { hello in
                hello.draining = isDraining
                hello.experts = experts.map {
                    HostedExpert(expert: $0, weightsHash: other.contains($0) ? Self.other : Cluster.weights)
                }
            }
        )
    }

    /// A placement of both nodes; without experts a node is asked for what it hosts.
    private static func document(
        _ experts: [ExpertID]? = nil,
        _ second: [ExpertID]? = nil,
        weights: [ExpertID],
    ) -> PlacementDocument {
        let nodes = [experts, second].enumerated().map { index, experts in
            let (id, endpoint) = (NodeID("node-\(index + 1)"), "tcp://host-\(index + 1):1")
            return experts.map { Node(id: id, endpoint: endpoint, experts: $0) } ?? Node(id: id, at: endpoint)
        }
        var document = PlacementDocument(epoch: 4, nodes: nodes)
        for expert in weights { document.weights[expert] = Self.other }
        return document
    }

    private static func nodes(_ registry: NodeRegistry, of expert: ExpertID) -> [String] {
        registry.hosts(of: expert).map(\.node.rawValue)
    }

    @Test("Nothing is served that would leave an expert without a node, also one whose weights do not change")
    func omitted() throws {
        var cluster = Cluster()
        Self.join(1, &cluster)
        Self.join(2, &cluster, other: [Cluster.first, Cluster.second])
        // The second one's new weights are not named: both nodes would be refused.
        _ = cluster.registry.follow(Self.document(weights: [Cluster.first]))
        let waiting = try #require(cluster.registry.status.waitingWeights)
        #expect(waiting.experts == [Cluster.first: Self.other])
        #expect(waiting.lacking == Self.all.sorted() && !waiting.isReady)

        _ = cluster.registry.follow(Self.document(weights: [Cluster.first, Cluster.second]))
        #expect(cluster.registry.status.waitingWeights?.isReady == true)
        #expect(Self.nodes(cluster.registry, of: Cluster.first) == ["node-1"])
        _ = cluster.registry.serveNamedWeights()
        for expert in Self.all { #expect(Self.nodes(cluster.registry, of: expert) == ["node-2"]) }
        #expect(cluster.registry.status.waitingWeights == nil)
    }

    @Test("A node that drains, or is silent, is nobody to serve them", arguments: [true, false])
    func away(isDraining: Bool) {
        var cluster = Cluster()
        Self.join(2, &cluster, other: [Cluster.first], isDraining: isDraining)
        if !isDraining { _ = cluster.feed(.seconds(3)) }
        Self.join(1, &cluster)
        _ = cluster.registry.follow(Self.document(weights: [Cluster.first]))
        #expect(cluster.registry.status.waitingWeights?.lacking == Self.all.sorted())
        Self.join(2, &cluster, other: [Cluster.first])
        #expect(cluster.registry.status.waitingWeights?.isReady == true)
    }

    @Test("What only a node has that is away is not given up in its absence")
    func blip() {
        var cluster = Cluster()
        Self.join(1, &cluster)
        Self.join(2, &cluster, hosts: [Cluster.first], other: [Cluster.first])
        _ = cluster.registry.follow(Self.document(weights: [Cluster.first]))
        let others = Self.all.filter { $0 != Cluster.first }
        #expect(cluster.registry.status.waitingWeights?.lacking == others.sorted())
        _ = cluster.feed(.disconnected(1))
        #expect(Self.nodes(cluster.registry, of: Cluster.second).isEmpty)
        #expect(cluster.registry.status.waitingWeights?.lacking == others.sorted())
        #expect(cluster.registry.status.waitingWeights?.isReady == false)
    }

    @Test("A router that starts when the change was made long ago takes what is there of the named weights")
    func lateStart() {
        var cluster = Cluster()
        // Nobody has the weights of the checkpoint any more, and the node with the second expert is away.
        _ = cluster.registry.follow(Self.document(weights: [Cluster.first, Cluster.second]))
        Self.join(1, &cluster, hosts: [Cluster.first, Cluster.meta], other: [Cluster.first])
        #expect(cluster.registry.status.waitingWeights?.isReady == false, "the other one may have former weights")
        _ = cluster.feed(.seconds(3))
        Self.join(1, &cluster, hosts: [Cluster.first, Cluster.meta], other: [Cluster.first])
        _ = cluster.feed(.seconds(2))
        #expect(cluster.registry.status.waitingWeights?.lacking == [])
        #expect(cluster.registry.status.waitingWeights?.isReady == true)
        _ = cluster.registry.serveNamedWeights()
        #expect(Self.nodes(cluster.registry, of: Cluster.first) == ["node-1"])
    }

    @Test("A node that gives up an expert is judged by those that it keeps, and asked for no former weights")
    func givenUp() {
        var cluster = Cluster()
        Self.join(1, &cluster)
        Self.join(2, &cluster, hosts: [Cluster.second], other: [Cluster.second])
        let kept = Self.all.filter { $0 != Cluster.second }
        _ = cluster.registry.follow(Self.document(kept, [Cluster.second], weights: [Cluster.second]))
        #expect(Self.nodes(cluster.registry, of: Cluster.second) == ["node-1"], "the former ones are served")
        #expect(cluster.registry.status.waitingWeights?.isReady == true)
        _ = cluster.registry.serveNamedWeights()
        #expect(Self.nodes(cluster.registry, of: Cluster.second) == ["node-2"])
        for expert in kept { #expect(Self.nodes(cluster.registry, of: expert) == ["node-1"]) }
        #expect(cluster.registry.status.nodes.map(\.state) == ["up", "up"])
        _ = cluster.feed(.disconnected(2))
        #expect(Self.nodes(cluster.registry, of: Cluster.second).isEmpty, "former weights are asked for again")
    }

    @Test("A node serves on beside named weights that it has already; with others that nobody named it is refused")
    func both() {
        var cluster = Cluster()
        Self.join(1, &cluster)
        _ = cluster.registry.follow(Self.document(weights: [Cluster.first]))
        Self.join(2, &cluster, other: [Cluster.first])
        #expect(Self.nodes(cluster.registry, of: Cluster.first) == ["node-1"])
        #expect(Self.nodes(cluster.registry, of: Cluster.second) == ["node-1", "node-2"])
        Self.join(2, &cluster, other: [Cluster.second])
        #expect(cluster.registry.status.nodes[1].reason?.contains("until the \"weights\" of a placement") == true)
    }
}
