import Model
import Router
import Shared
import Synchronization
import Testing
import Transport

@Suite("Draining")
struct DrainTests {
    @Test("A node that people drain is asked for nothing new, the reason says so, and it serves again afterwards")
    func registry() {
        var cluster = NodeRegistryTests.Cluster()
        for (event, _) in NodeRegistryTests.join { _ = cluster.feed(event) }
        let before = cluster.registry.revision
        cluster.registry.setDrained([NodeID("node-1")])
        #expect(cluster.registry.revision > before)
        let draining = "its node node-1 is draining"
        let nobody = NodeRegistryTests.nobody
        #expect(cluster.summary == ["up", "up", draining, "node-2", nobody, "node-2"])
        #expect(cluster.registry.status.nodes.map(\.isDraining) == [true, false])
        #expect(cluster.registry.drainingLinks.map(\.node) == [NodeID("node-1")])
        // A heartbeat and a restart change nothing: who drained it has to take it back.
        _ = cluster.feed(.heartbeat(1))
        _ = cluster.feed(.disconnected(1))
        _ = cluster.feed(.connected(1))
        _ = cluster.feed(.hello(1) { $0.incarnation = 77 })
        #expect(cluster.summary == ["up", "up", draining, "node-2", nobody, "node-2"])
        cluster.registry.setDrained([])
        #expect(cluster.summary == ["up", "up", "node-1", "node-2", nobody, "node-1"])
        let revision = cluster.registry.revision
        cluster.registry.setDrained([])
        #expect(cluster.registry.revision == revision, "nothing changed")
    }

    @Test("Open work of a node that is drained is finished by it; the next goes to its replica; then it is done")
    func openWork() throws {
        let cluster = try FakeCluster(replicas: ["b2": "b"]) { $0.hedges = false }
        let (board, node, name) = (DrainBoard(), try cluster.node("b"), NodeID("b"))
        cluster.plane.drains = board
        node.manner = .holds
        let open = cluster.begin()
        #expect(node.dispatches.count == 1)
        board.set(name, drains: true)
        cluster.plane.serveLinks(for: .zero)
        #expect(cluster.statuses.last?.experts[FakeCluster.id(1)] == [NodeID("b2")])
        #expect(!board.idle.contains(name), "it still owes rows")
        node.release()
        node.manner = .answers()
        FakeCluster.check(open.finish())
        FakeCluster.check(cluster.execute(), from: [FakeCluster.id(1): "b2"])
        #expect(node.dispatches.count == 1)
        cluster.plane.serveLinks(for: .zero)
        #expect(board.idle == [name])
        board.set(name, drains: false)
        #expect(board.idle.isEmpty)
        cluster.plane.serveLinks(for: .zero)
        #expect(cluster.statuses.last?.experts[FakeCluster.id(1)] == [name, NodeID("b2")])
        #expect(board.idle.isEmpty)
    }

    @Test("A change wakes whoever waits for links, and the same again does not")
    func wakes() {
        let board = DrainBoard()
        let count = Mutex(0)
        board.onChange { count.withLock { $0 += 1 } }
        #expect(board.set(NodeID("a"), drains: true))
        #expect(!board.set(NodeID("a"), drains: true))
        #expect(!board.set(NodeID("b"), drains: false))
        #expect(board.set(NodeID("a"), drains: false))
        #expect(count.withLock { $0 } == 2)
    }

    @Test("What was seen before a change does not count after it")
    func stale() {
        let board = DrainBoard()
        board.set(NodeID("a"), drains: true)
        let seen = board.current.revision
        board.set(NodeID("a"), drains: false)
        board.set(NodeID("a"), drains: true)
        board.note(idle: [NodeID("a")], revision: seen)
        #expect(board.idle.isEmpty)
        board.note(idle: [NodeID("a")], revision: board.current.revision)
        #expect(board.idle == [NodeID("a")])
    }
}
