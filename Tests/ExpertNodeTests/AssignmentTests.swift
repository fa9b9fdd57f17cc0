import ExpertNode
import Kernels
import Model
import Shared
import Testing
import Transport

@Suite("Experts placed by routers")
struct AssignmentTests {
    static let (first, second, third) = (Nano.experts[0], Nano.experts[1], Nano.experts[2])
    /// An expert that the node does not start with.
    static let other = ExpertID(layer: 0, slot: .meta)

    let loader = FakeLoader()

    private func node(memoryBytes: Int? = nil) throws -> NanoNode {
        let node = try NanoNode(loader: loader, memoryBytes: memoryBytes)
        node.greet()
        _ = node.core.step()
        return node
    }

    private func assign(_ node: NanoNode, _ experts: [ExpertID], epoch: UInt64 = 7, draining: Bool = false) {
        node.send(.assign(AssignMessage(epoch: epoch, experts: experts, draining: draining)))
    }

    @Test("A node that was not told to accept placements refuses them and changes nothing")
    func notAccepted() throws {
        let node = try NanoNode()
        node.greet()
        _ = node.core.step()
        assign(node, [Self.other])
        let replies = node.core.step()
        #expect(replies.map(\.fault?.code) == [.unsupported])
        #expect(replies.first?.fault?.message.contains("--accept-placement") == true)
        #expect(node.core.hello.experts.map(\.expert) == Nano.experts)
    }

    @Test(
        "A new expert serves once it was read; routers are told at once what the node follows, and then what it serves"
    )
    func load() throws {
        let node = try node()
        assign(node, Nano.experts + [Self.other])
        let told = try #require(node.core.step().first?.hello)
        #expect(told.placementEpoch == 7)
        #expect(told.experts.map(\.expert) == Nano.experts)
        #expect(loader.ordered == [Self.other])
        guard case .loading? = node.core.health[Self.other]?.condition else {
            Issue.record("the expert has to be loading")
            return
        }
        try node.ask([(Self.other, rows: 1)], request: 1, seed: 1)
        #expect(node.finish().map(\.fault?.code) == [.expertNotReady])

        try loader.finishAll()
        let replies = node.core.step()
        let hello = try #require(replies.first?.hello)
        #expect(hello.experts.map(\.expert) == (Nano.experts + [Self.other]).sorted())
        let hash = try Nano.weights.get().hash(of: Self.other)
        #expect(hello.experts.first { $0.expert == Self.other }?.weightsHash == hash)
        #expect(node.core.health[Self.other]?.provedAt == node.clock.now)
        try node.ask([(Self.other, rows: 2)], request: 2, seed: 1)
        let result = try #require(node.finish().first?.result)
        #expect(result.groups.first?.weightsHash == hash)
        #expect(result.placementEpoch == 7)
        #expect(
            node.core.takeEvents() == [.assigned(epoch: 7, loading: 1, leaving: 0), .loaded(Self.other)]
        )
    }

    @Test("An expert that leaves computes what is queued, is asked no more, and is given up then")
    func leave() throws {
        let node = try node()
        try node.ask([(Self.first, rows: 300)], request: 1, seed: 1)
        assign(node, [Self.second, Self.third])
        try node.ask([(Self.first, rows: 1)], request: 2, seed: 1)
        var replies = node.core.step()
        #expect(replies.first?.hello?.experts.map(\.expert) == [Self.second, Self.third])
        #expect(replies.last?.fault?.code == .stalePlacement)
        #expect(node.core.takeEvents() == [.assigned(epoch: 7, loading: 0, leaving: 1)])
        replies = node.finish()
        #expect(replies.first?.result != nil)
        #expect(node.core.takeEvents() == [.unloaded(Self.first)])
        #expect(node.core.health.keys.sorted() == [Self.second, Self.third])
    }

    @Test("An expert that comes back before it was given up is not read again")
    func comesBack() throws {
        let node = try node()
        try node.ask([(Self.first, rows: 300)], request: 1, seed: 1)
        assign(node, [Self.second])
        assign(node, [Self.first, Self.second], epoch: 8)
        #expect(loader.ordered.isEmpty)
        #expect(node.finish().contains { $0.result != nil })
        try node.ask([(Self.first, rows: 1)], request: 2, seed: 1)
        #expect(node.finish().first?.result != nil)
    }

    @Test("An expert that nobody wants any more when it was read is let go")
    func notWanted() throws {
        let node = try node()
        assign(node, Nano.experts + [Self.other])
        try loader.finishAll()
        assign(node, Nano.experts, epoch: 8)
        _ = node.core.step()
        #expect(node.core.hello.experts.map(\.expert) == Nano.experts)
    }

    @Test("What a later placement does not want is not read any more, and what it wants is ordered once")
    func takenBack() throws {
        let node = try node()
        let another = ExpertID(layer: 2, slot: .meta)
        assign(node, Nano.experts + [Self.other, another])
        assign(node, Nano.experts + [another], epoch: 8)
        #expect(loader.ordered == [another])
        try loader.finishAll()
        _ = node.core.step()
        #expect(node.core.hello.experts.map(\.expert) == (Nano.experts + [another]).sorted())
    }

    @Test("An older placement is refused, the same one again changes nothing")
    func epochs() throws {
        let node = try node()
        assign(node, [Self.second], epoch: 9)
        _ = node.core.step()
        _ = node.core.takeEvents()
        assign(node, Nano.experts, epoch: 8)
        let fault = try #require(node.core.step().first?.fault)
        #expect(fault.code == .stalePlacement)
        #expect(fault.placementEpoch == 9)
        assign(node, [Self.second], epoch: 9)
        #expect(node.core.step().isEmpty)
        #expect(node.core.takeEvents().isEmpty)
        #expect(node.core.hello.experts.map(\.expert) == [Self.second])
    }

    @Test("A placement can drain a node and take that back")
    func drain() throws {
        let node = try node()
        assign(node, Nano.experts, draining: true)
        #expect(node.core.step().first?.hello?.draining == true)
        try node.ask([(Self.first, rows: 1)], request: 1, seed: 1)
        #expect(node.finish().first?.fault?.code == .draining)
        assign(node, Nano.experts, epoch: 8)
        #expect(node.core.step().first?.hello?.draining == false)
        try node.ask([(Self.first, rows: 1)], request: 2, seed: 1)
        #expect(node.finish().first?.result != nil)
    }

    @Test("What does not fit is refused by name, and what fits is read")
    func memory() throws {
        let bank = try Nano.bank.get()
        let bytes = try #require(loader.byteCount(of: Self.other))
        let another = ExpertID(layer: 2, slot: .meta)
        let node = try node(memoryBytes: bank.byteCount + bytes)
        assign(node, Nano.experts + [Self.other, another])
        let fault = try #require(node.core.step().compactMap(\.fault).first)
        #expect(fault.code == .busy)
        #expect(fault.expert == another)
        #expect(fault.message.contains("--memory-mib"))
        #expect(loader.ordered == [Self.other])
        guard case .failed? = node.core.health[another]?.condition else {
            Issue.record("the expert has to have failed")
            return
        }
        // A later placement with room for it is followed.
        assign(node, [another], epoch: 8)
        _ = node.core.step()
        #expect(loader.ordered.contains(another))
    }

    @Test("An expert that cannot be read is named with the reason, and a later placement tries again")
    func broken() throws {
        let node = try node()
        loader.broken = [Self.other]
        assign(node, [Self.other])
        try loader.finishAll()
        _ = node.core.step()
        #expect(node.core.health[Self.other]?.condition == .failed("it could not be loaded: torn"))
        assign(node, [Self.other])
        #expect(loader.ordered.isEmpty)
        loader.broken = []
        assign(node, [Self.other], epoch: 8)
        try loader.finishAll()
        _ = node.core.step()
        #expect(node.core.health[Self.other]?.condition == .ready)
    }

    @Test("A placement of an expert that is not in the folder is refused as a whole")
    func unknown() throws {
        let node = try node()
        let stranger = ExpertID(layer: 60, slot: .meta)
        assign(node, [Self.other, stranger])
        let fault = try #require(node.core.step().first?.fault)
        #expect(fault.code == .invalidRequest)
        #expect(fault.expert == stranger)
        #expect(loader.ordered.isEmpty)
        #expect(node.core.hello.placementEpoch == 6)
    }
}
