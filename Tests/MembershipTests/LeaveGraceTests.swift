import Membership
import Shared
import Testing

@Suite("Grace for nodes that vanish") struct LeaveGraceTests {
    typealias Node = PlacementDocument.Node

    static func node(_ name: String, _ endpoint: String? = nil) -> Node {
        Node(id: NodeID(name), at: endpoint ?? "tcp://\(name):1")
    }

    @Test("Who vanishes stays for the period after it was seen last, and who comes is there at once")
    func period() {
        var grace = LeaveGrace(period: .seconds(10))
        let (a, b) = (Self.node("a"), Self.node("b"))
        #expect(grace.members(seeing: [b, a], at: .seconds(0)) == [a, b])
        #expect(grace.members(seeing: [a], at: .seconds(5)) == [a, b])
        #expect(grace.members(seeing: [a], at: .seconds(9)) == [a, b])
        #expect(grace.members(seeing: [a], at: .seconds(10)) == [a])
        #expect(grace.members(seeing: [], at: .seconds(19)) == [a])
        #expect(grace.members(seeing: [b], at: .seconds(20)) == [b])
    }

    @Test("A node that moved, or another in its place, replaces it at once")
    func replaced() {
        var grace = LeaveGrace(period: .seconds(10))
        _ = grace.members(seeing: [Self.node("a"), Self.node("b")], at: .zero)
        let moved = [Self.node("a", "tcp://elsewhere:1"), Self.node("c", "tcp://b:1")]
        #expect(grace.members(seeing: moved, at: .seconds(1)) == moved)
    }
}
