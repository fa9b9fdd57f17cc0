import Router
import Shared
import Testing
import Transport

@Suite("Placements told to nodes")
struct AssignmentTests {
    typealias Cluster = NodeRegistryTests.Cluster

    private func document(
        epoch: UInt64 = 5,
        _ nodes: [(name: String, experts: [ExpertID], isDraining: Bool)],
    ) -> PlacementDocument {
        PlacementDocument(
            epoch: epoch,
            nodes: nodes.map {
                .init(
                    id: NodeID($0.name),
                    endpoint: "tcp://\($0.name):1",
                    experts: $0.experts,
                    isDraining: $0.isDraining
                )
            }
        )
    }

    private func joined() -> Cluster {
        var cluster = Cluster()
        for (event, _) in NodeRegistryTests.join { _ = cluster.feed(event) }
        return cluster
    }

    private func words(_ cluster: Cluster, _ document: PlacementDocument) -> [String] {
        cluster.registry.assignments(for: document).map { link, message in
            "\(link.rawValue): \(message.epoch) \(message.experts.map(\.description).joined(separator: ","))"
                + (message.draining ? " drains" : "")
        }
    }

    @Test("Each node that the document names is told its experts, whether it drains, and the epoch")
    func told() {
        let cluster = joined()
        let wanted = document([
            ("node-2", [Cluster.third, Cluster.meta], true), ("node-1", [Cluster.first], false),
            ("node-9", [Cluster.second], false),
        ])
        #expect(words(cluster, wanted) == ["1: 5 0.0", "2: 5 0.2,0.meta drains"])
        #expect(words(cluster, document([("node-2", [], false)])) == ["2: 5 "])
    }

    @Test("A node that follows the document already is not told, one of another epoch is")
    func follows() {
        let cluster = joined()
        let nodes = [
            ("node-1", [Cluster.first, Cluster.meta], false), ("node-2", [Cluster.second, Cluster.meta], false),
        ]
        #expect(words(cluster, document(epoch: 3, nodes)).isEmpty)
        #expect(words(cluster, document(epoch: 4, nodes)).count == 2)
    }

    @Test("Nodes that are not connected, or that are refused, are not told")
    func absent() {
        var cluster = Cluster()
        let wanted = document([("node-1", [], false), ("node-2", [], false)])
        _ = cluster.feed(.connected(1))
        #expect(words(cluster, wanted).isEmpty)
        _ = cluster.feed(.hello(1) { $0.hiddenSize = 16 })
        _ = cluster.feed(.connected(2))
        _ = cluster.feed(.hello(2))
        #expect(words(cluster, wanted) == ["2: 5 "])
        _ = cluster.feed(.disconnected(2))
        #expect(words(cluster, wanted).isEmpty)
    }

    @Test("The plane tells a placement when it comes and to nodes that join later, each process once")
    func plane() throws {
        let cluster = try FakeCluster(present: ["a", "b"])
        func told(_ name: String) throws -> [AssignMessage] { try cluster.node(name).assignments }
        let wanted = document([
            ("a", [FakeCluster.id(0), FakeCluster.id(1)], false), ("b", [], true), ("c", [FakeCluster.id(2)], false),
        ])
        cluster.plane.assign(wanted)
        for _ in 0..<5 { cluster.plane.serveLinks(for: .zero) }
        let first = AssignMessage(epoch: 5, experts: [FakeCluster.id(0), FakeCluster.id(1)])
        #expect(try told("a") == [first])
        #expect(try told("b") == [AssignMessage(epoch: 5, experts: [], draining: true)])
        #expect(try told("c").isEmpty)

        cluster.transport.register(endpoint: "c", node: try cluster.node("c"))
        for _ in 0..<5 { cluster.plane.serveLinks(for: .zero) }
        #expect(try told("c") == [AssignMessage(epoch: 5, experts: [FakeCluster.id(2)])])
        #expect(try told("a").count == 1)

        // An older document is passed over, a newer one is told.
        cluster.plane.assign(document(epoch: 4, [("a", [], false)]))
        cluster.plane.assign(document(epoch: 6, [("a", [], false)]))
        for _ in 0..<5 { cluster.plane.serveLinks(for: .zero) }
        #expect(try told("a") == [first, AssignMessage(epoch: 6, experts: [])])
        #expect(try told("b").count == 1)

        // Another process in its place has heard nothing.
        try cluster.node("a").hello.incarnation += 1
        cluster.transport.setReachable("a", false)
        cluster.transport.setReachable("a", true)
        for _ in 0..<5 { cluster.plane.serveLinks(for: .zero) }
        #expect(try told("a").count == 3)
    }

    @Test("A replica that a node loads takes rows, and one that it gives up takes none")
    func replica() throws {
        let cluster = try FakeCluster()
        let hash = Source.make("").weightsHash
        let node = try cluster.node("c")
        node.hello.experts.append(HostedExpert(expert: FakeCluster.id(1), weightsHash: hash))
        node.announce()
        cluster.plane.serveLinks(for: .zero)
        try cluster.node("b").manner = .faults(.draining)
        FakeCluster.check(cluster.execute(), from: [FakeCluster.id(1): "c"])
        node.hello.experts.removeAll { $0.expert == FakeCluster.id(1) }
        node.announce()
        cluster.plane.serveLinks(for: .zero)
        FakeCluster.check(cluster.execute(), failed: [FakeCluster.id(1)])
    }
}
