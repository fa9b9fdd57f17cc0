import ExpertNode
import Shared
import Testing
import Transport

@Suite("Routers that leave")
struct OrphanTests {
    static let expert = Nano.experts[0]

    private func orphaned(_ node: NanoNode) -> Bool {
        node.registry.render().contains("medmoe_node_orphaned_total 1\n")
    }

    private func node() throws -> NanoNode {
        let node = try NanoNode()
        node.greet(from: NanoNode.alice, incarnation: 1)
        node.greet(from: NanoNode.bob, incarnation: 2)
        _ = node.core.step()
        try node.ask([(Self.expert, rows: 600)], request: 1, seed: 1, milliseconds: 60_000)
        try node.ask([(Self.expert, rows: 2)], request: 1, seed: 2, milliseconds: 60_000, from: NanoNode.bob)
        return node
    }

    @Test("What a router asked is dropped when it says goodbye, and what others asked is not")
    func goodbye() throws {
        let node = try node()
        node.send(.goodbye(GoodbyeMessage(reason: "stopping")))
        #expect(node.finish().map(\.peer) == [NanoNode.bob])
        #expect(orphaned(node))
        #expect(node.core.takeEvents() == [.orphaned(dispatches: 1)])
        #expect(node.core.greetedRouters == [NanoNode.bob])
    }

    @Test("What a router asked is dropped when nothing can be sent to it")
    func unreachable() throws {
        let node = try node()
        node.core.forget(NanoNode.alice)
        #expect(node.finish().map(\.peer) == [NanoNode.bob])
        #expect(orphaned(node))
    }

    @Test("Another process on a connection does not wait for what the former one asked")
    func restarted() throws {
        let node = try node()
        node.greet(from: NanoNode.alice, incarnation: 3)
        let results = node.finish().filter { $0.result != nil }
        #expect(results.map(\.peer) == [NanoNode.bob])
        #expect(orphaned(node))
        // The same process says hello again and keeps what it asked.
        try node.ask([(Self.expert, rows: 2)], request: 2, seed: 1)
        node.greet(from: NanoNode.alice, incarnation: 3)
        #expect(node.finish().contains { $0.header.request == 2 && $0.result != nil })
    }

    @Test("A process that connected again is asked on its former connection, and what it asked there goes with that")
    func reconnected() throws {
        let node = try node()
        node.greet(from: PeerID(bytes: [9]), incarnation: 1)
        let probes = node.core.step().filter { if case .heartbeat = $0.header.body { true } else { false } }
        #expect(probes.map(\.peer) == [NanoNode.alice])
        // As the loop does where nothing can be sent to it.
        node.core.forget(NanoNode.alice)
        #expect(node.finish().allSatisfy { $0.peer != NanoNode.alice })
        #expect(orphaned(node))
        #expect(node.core.greetedRouters == [NanoNode.bob, PeerID(bytes: [9])])
    }

    @Test("A router with two links to a node is answered on both, and told on both what changes")
    func twoLinks() throws {
        let node = try node()
        let second = PeerID(bytes: [9])
        for _ in 1...3 { node.greet(from: second, incarnation: 1) }
        try node.ask([(Self.expert, rows: 2)], request: 2, seed: 3, milliseconds: 60_000, from: second)
        let results = node.finish().filter { $0.result != nil }
        #expect(Set(results.map(\.peer)) == [NanoNode.alice, NanoNode.bob, second])
        #expect(!orphaned(node))
        #expect(node.core.greetedRouters == [NanoNode.alice, NanoNode.bob, second])
    }

    @Test("Routers of which rows wait and nothing is heard are asked whether they are there, four times a second")
    func probes() throws {
        let node = try node()
        node.clock.advance(.milliseconds(200))
        node.send(.heartbeat(HeartbeatMessage(incarnation: 2, progress: 0, queuedRows: 0)), from: NanoNode.bob)
        _ = node.core.step()
        node.clock.advance(.milliseconds(50))
        let probes = node.core.step().filter { if case .heartbeat = $0.header.body { true } else { false } }
        #expect(probes.map(\.peer) == [NanoNode.alice])
        // Asked just now, and the other router was heard.
        #expect(node.core.step().allSatisfy { if case .heartbeat = $0.header.body { false } else { true } })
    }

    @Test("A router table remembers a bounded number of routers, the ones heard last")
    func bounded() {
        var table = RouterTable()
        var now = ContinuousClock.now
        func peer(_ number: Int) -> PeerID { PeerID(bytes: [UInt8(number / 256), UInt8(number % 256)]) }
        for number in 0...RouterTable.most {
            now += .milliseconds(1)
            let greeting = table.greeted(peer(number), incarnation: UInt64(number + 1), at: now)
            #expect(greeting.toProbe.isEmpty)
            #expect(!greeting.isAnotherProcess)
        }
        #expect(table.greeted.count == RouterTable.most)
        #expect(!table.hasGreeted(peer(0)))
        #expect(table.hasGreeted(peer(RouterTable.most)))
    }
}
