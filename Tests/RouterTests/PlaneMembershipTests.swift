import Model
import Router
import Shared
import Testing
import Transport

@Suite("Nodes that come and go under the plane")
struct PlaneMembershipTests {
    typealias Node = PlacementDocument.Node

    static let second = FakeCluster.id(1)

    /// A document of nodes at the endpoints of their names, each asked for what it hosts.
    static func document(_ epoch: UInt64, _ names: String...) -> PlacementDocument {
        PlacementDocument(epoch: epoch, nodes: names.map { Node(id: NodeID($0), at: $0) })
    }

    private func settle(_ cluster: FakeCluster) { for _ in 0..<3 { cluster.plane.serveLinks(for: .zero) } }

    @Test("The nodes of the first document are asked, with its epoch")
    func first() throws {
        let cluster = try FakeCluster(membership: DocumentBoard(Self.document(3, "a", "b", "c")))
        FakeCluster.check(cluster.execute())
        #expect(cluster.statuses.last?.epoch == 3)
        #expect(try cluster.node("a").dispatches.last?.message.placementEpoch == 3)
    }

    @Test("A node that joins is connected to and asked; the others keep their links")
    func join() throws {
        let board = DocumentBoard(Self.document(1, "a", "b"))
        let cluster = try FakeCluster(membership: board)
        FakeCluster.check(cluster.execute(), failed: [FakeCluster.id(2), FakeCluster.meta])
        #expect(board.place(Self.document(2, "a", "b", "c")) == .taken)
        settle(cluster)
        FakeCluster.check(cluster.execute())
        #expect(cluster.statuses.last?.isReady == true)
        #expect(cluster.statuses.last?.epoch == 2)
        #expect(cluster.metric(#"medmoe_link_changes_total{change="joined",node="a"}"#) == "1")
    }

    @Test("A node that leaves in the midst of its work is asked no more, and a replica does the work")
    func leave() throws {
        let board = DocumentBoard(Self.document(1, "a", "b", "b2", "c"))
        let cluster = try FakeCluster(replicas: ["b2": "b"], membership: board) { $0.hedges = false }
        let node = try cluster.node("b")
        node.manner = .holds
        let open = cluster.begin(within: .seconds(60))
        #expect(node.dispatches.count == 1)
        #expect(board.place(Self.document(2, "a", "b2", "c")) == .taken)
        FakeCluster.check(open.finish(), from: [Self.second: "b2"])
        #expect(cluster.statuses.last?.nodes.map(\.endpoint) == ["a", "b2", "c"])
        #expect(cluster.metric(#"medmoe_dispatch_retries_total{reason="lost"}"#) == "1")
        FakeCluster.check(cluster.execute(), from: [Self.second: "b2"])
        #expect(node.dispatches.count == 1)
    }

    @Test("Without a replica the reason names what happened")
    func leaveAlone() throws {
        let board = DocumentBoard(Self.document(1, "a", "b", "c"))
        let cluster = try FakeCluster(membership: board)
        try cluster.node("b").manner = .ignores
        let open = cluster.begin()
        _ = board.place(Self.document(2, "a", "c"))
        let outputs = open.finish()
        FakeCluster.check(outputs, failed: [Self.second])
        #expect(outputs.failures[Self.second]?.message.contains("the placement names it no more") == true)
    }

    @Test("A node that drains by the placement finishes what it has and gets nothing new")
    func drain() throws {
        let board = DocumentBoard(Self.document(1, "a", "b", "b2", "c"))
        let cluster = try FakeCluster(replicas: ["b2": "b"], membership: board) { $0.hedges = false }
        let node = try cluster.node("b")
        node.manner = .holds
        let open = cluster.begin(within: .seconds(60))
        var document = Self.document(2, "a", "b", "b2", "c")
        document.nodes[1].isDraining = true
        #expect(board.place(document) == .taken)
        cluster.plane.serveLinks(for: .zero)
        #expect(cluster.statuses.last?.nodes.first { $0.endpoint == "b" }?.isDraining == true)
        node.release()
        FakeCluster.check(open.finish())
        FakeCluster.check(cluster.execute(), from: [Self.second: "b2"])
        #expect(node.dispatches.count == 1)

        // Back again.
        document.epoch = 3
        document.nodes[1].isDraining = false
        document.nodes[2].isDraining = true
        node.manner = .answers()
        _ = board.place(document)
        cluster.plane.serveLinks(for: .zero)
        FakeCluster.check(cluster.execute())
    }

    @Test("Of what a node hosts it is asked for what the placement gives it")
    func subset() throws {
        let (third, meta) = (FakeCluster.id(2), FakeCluster.meta)
        var document = Self.document(1, "a", "b")
        document.nodes += [
            Node(id: NodeID("c"), endpoint: "c", experts: [third, Self.second]),
            Node(id: NodeID("c2"), endpoint: "c2", experts: [meta]),
        ]
        let board = DocumentBoard(document)
        let cluster = try FakeCluster(replicas: ["c2": "c"], membership: board)
        for _ in 0..<3 { FakeCluster.check(cluster.execute(), from: [meta: "c2"]) }
        #expect(try cluster.node("c2").dispatches.allSatisfy { $0.message.groups.map(\.expert) == [meta] })
        #expect(cluster.statuses.last?.experts[third] == [NodeID("c")])

        // A node with nothing to do waits.
        document.epoch = 2
        document.nodes[3].experts = []
        _ = board.place(document)
        cluster.plane.serveLinks(for: .zero)
        let outputs = cluster.execute()
        FakeCluster.check(outputs, failed: [meta])
        let message = outputs.failures[meta]?.message ?? ""
        #expect(message.contains("the placement does not ask"), "\(message)")
    }

    @Test("A node of another name than the placement says is refused, and taken once the placement is mended")
    func otherName() throws {
        let stranger = Node(id: NodeID("ct"), endpoint: "b", experts: [Self.second])
        var document = Self.document(1, "a", "c")
        document.nodes.append(stranger)
        let board = DocumentBoard(document)
        let cluster = try FakeCluster(membership: board)
        FakeCluster.check(cluster.execute(), failed: [Self.second])
        let refused = try #require(cluster.statuses.last?.nodes.first { $0.state == "refused" })
        #expect(refused.reason?.contains("calls itself b") == true, "\(refused.reason ?? "")")
        document.epoch = 2
        document.nodes[2].id = NodeID("b")
        _ = board.place(document)
        settle(cluster)
        FakeCluster.check(cluster.execute())
    }

    @Test("A node that moves to another endpoint is found there, though its name was taken a moment ago")
    func moves() throws {
        let board = DocumentBoard(Self.document(1, "a", "b", "c"))
        let cluster = try FakeCluster(membership: board)
        let twin = FakeNode(
            name: "b",
            experts: try cluster.node("b").hello.experts,
            layout: Source.make("").weightsHash,
            hiddenSize: FakeCluster.columns,
            onStep: {},
        )
        cluster.transport.register(endpoint: "elsewhere", node: twin)
        var document = Self.document(2, "a", "b", "c")
        document.nodes.append(Node(id: NodeID("b-again"), at: "elsewhere"))
        _ = board.place(document)
        settle(cluster)
        #expect(cluster.statuses.last?.nodes.last?.state == "refused", "two of one name")
        document.epoch = 3
        document.nodes.remove(at: 1)
        _ = board.place(document)
        settle(cluster)
        FakeCluster.check(cluster.execute())
        #expect(cluster.statuses.last?.nodes.map(\.endpoint) == ["a", "c", "elsewhere"])
    }

    @Test("With another key it is another node: the link is made anew")
    func otherKey() throws {
        var document = Self.document(1, "a", "b", "c")
        document.nodes[1].key = String(repeating: "k", count: 40)
        let board = DocumentBoard(document)
        let cluster = try FakeCluster(membership: board)
        FakeCluster.check(cluster.execute())
        let before = cluster.statuses.count
        document.epoch = 2
        document.nodes[1].key = String(repeating: "m", count: 40)
        _ = board.place(document)
        cluster.plane.serveLinks(for: .zero)
        #expect(cluster.statuses.dropFirst(before).contains { $0.nodes.contains { $0.state != "up" } })
        settle(cluster)
        FakeCluster.check(cluster.execute())
    }

    static let other = WeightsHash(bytes: .init(repeating: 7, count: 32))

    @Test("Other weights are served when nothing runs: until then the former ones, afterwards nobody who has those")
    func otherWeights() throws {
        let other = try #require(Self.other)
        let board = DocumentBoard(Self.document(1, "a", "b", "c", "b2"))
        let cluster = try FakeCluster(replicas: ["b2": "b"], membership: board, otherWeights: ["b2": other])
        FakeCluster.check(cluster.execute())
        #expect(!cluster.plane.awaitsRest)
        var document = Self.document(2, "a", "b", "c", "b2")
        document.weights = [Self.second: other]
        // A pass that is under way, and all others of what runs, see one set of weights.
        let pass = cluster.begin()
        #expect(board.place(document) == .taken)
        FakeCluster.check(pass.finish())
        settle(cluster)
        #expect(cluster.plane.awaitsRest)
        FakeCluster.check(cluster.execute())
        #expect(cluster.statuses.last?.epoch == 2)

        cluster.plane.takeWeights()
        #expect(!cluster.plane.awaitsRest)
        let outputs = cluster.execute()
        #expect(outputs.failures.isEmpty)
        #expect(outputs.sources[Self.second] == ExpertSource(node: NodeID("b2"), weightsHash: other))
        #expect(cluster.statuses.last?.nodes.first { $0.endpoint == "b" }?.state == "refused")

        // The next placement names none: those of the checkpoint count again.
        #expect(board.place(Self.document(3, "a", "b", "c", "b2")) == .taken)
        settle(cluster)
        #expect(cluster.plane.awaitsRest)
        cluster.plane.takeWeights()
        settle(cluster)
        FakeCluster.check(cluster.execute())
        #expect(cluster.statuses.last?.nodes.first { $0.endpoint == "b2" }?.state == "refused")
    }

    @Test("A router that starts serves the weights of its checkpoint until nodes have those that are named")
    func otherWeightsFromTheStart() throws {
        let other = try #require(Self.other)
        var document = Self.document(1, "a", "b", "c")
        document.weights = [Self.second: other]
        let board = DocumentBoard(document)
        let cluster = try FakeCluster(replicas: ["b2": "b"], membership: board, otherWeights: ["b2": other])
        #expect(!cluster.plane.awaitsRest)
        FakeCluster.check(cluster.execute())
        #expect(cluster.statuses.last?.waitingWeights?.lacking == [Self.second])

        document.epoch = 2
        document.nodes.append(Node(id: NodeID("b2"), at: "b2"))
        #expect(board.place(document) == .taken)
        settle(cluster)
        #expect(cluster.plane.awaitsRest)
        #expect(cluster.statuses.last?.waitingWeights?.lacking == [])
        cluster.plane.takeWeights()
        #expect(cluster.execute().sources[Self.second]?.weightsHash == other)
        #expect(cluster.statuses.last?.waitingWeights == nil)
    }

    @Test("Weights that no node has are waited for, and all else in their placement is followed")
    func weightsThatNobodyHas() throws {
        let other = try #require(Self.other)
        let board = DocumentBoard(Self.document(1, "a", "b", "c"))
        let cluster = try FakeCluster(replicas: ["b2": "b"], membership: board, otherWeights: ["b2": other])
        var document = Self.document(2, "a", "b", "c")
        document.weights = [Self.second: other]
        #expect(board.place(document) == .taken)
        settle(cluster)
        #expect(!cluster.plane.awaitsRest)
        FakeCluster.check(cluster.execute())
        #expect(cluster.statuses.last?.epoch == 2)

        // A node with them joins.
        document = Self.document(3, "a", "b", "c", "b2")
        document.weights = [Self.second: other]
        #expect(board.place(document) == .taken)
        settle(cluster)
        #expect(cluster.plane.awaitsRest)

        // The wish is taken back before anything rested.
        #expect(board.place(Self.document(4, "a", "b", "c", "b2")) == .taken)
        settle(cluster)
        #expect(!cluster.plane.awaitsRest)
        FakeCluster.check(cluster.execute())
    }
}
