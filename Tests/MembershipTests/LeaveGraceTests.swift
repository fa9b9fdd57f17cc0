import Membership
import Shared
import Testing

@Suite("Grace for nodes that vanish") struct LeaveGraceTests {
    typealias Node = PlacementDocument.Node

    static func node(_ name: String, _ endpoint: String? = nil) -> Node {
        Node(id: NodeID(name), at: endpoint ?? "tcp://\(name):1")
    }

    @Test("Who vanishes stays for the period after it was missed first, and who comes is there at once")
    func period() {
        var grace = LeaveGrace(period: .seconds(10))
        let (a, b) = (Self.node("a"), Self.node("b"))
        #expect(grace.members(seeing: [b, a], at: .seconds(0)) == [a, b])
        #expect(grace.members(seeing: [a], at: .seconds(5)) == [a, b])
        #expect(grace.members(seeing: [a], at: .seconds(9)) == [a, b])
        #expect(grace.members(seeing: [a], at: .seconds(14)) == [a, b])
        #expect(grace.members(seeing: [a], at: .seconds(15)) == [a])
        #expect(grace.members(seeing: [], at: .seconds(19)) == [a])
        #expect(grace.members(seeing: [b], at: .seconds(20)) == [a, b])
        #expect(grace.members(seeing: [b], at: .seconds(29)) == [b])
    }

    @Test("A list that could not be had for long, and comes back empty, cuts nobody before the period is over")
    func longAbsence() {
        var grace = LeaveGrace(period: .seconds(15))
        let a = Self.node("a")
        #expect(grace.members(seeing: [a], at: .zero) == [a])
        #expect(grace.members(seeing: [], at: .seconds(300)) == [a])
        #expect(grace.members(seeing: [], at: .seconds(314)) == [a])
        #expect(grace.members(seeing: [], at: .seconds(315)).isEmpty)
    }

    @Test("Who comes back in time has the whole period again, and without one nobody stays")
    func again() {
        var grace = LeaveGrace(period: .seconds(10))
        let a = Self.node("a")
        _ = grace.members(seeing: [a], at: .zero)
        #expect(grace.members(seeing: [], at: .seconds(5)) == [a])
        #expect(grace.members(seeing: [a], at: .seconds(14)) == [a])
        #expect(grace.members(seeing: [], at: .seconds(20)) == [a])
        #expect(grace.members(seeing: [], at: .seconds(29)) == [a])
        var none = LeaveGrace(period: .zero)
        _ = none.members(seeing: [a], at: .zero)
        #expect(none.members(seeing: [], at: .zero).isEmpty)
    }

    @Test("A node that moved, or another in its place, replaces it at once")
    func replaced() {
        var grace = LeaveGrace(period: .seconds(10))
        _ = grace.members(seeing: [Self.node("a"), Self.node("b")], at: .zero)
        let moved = [Self.node("a", "tcp://elsewhere:1"), Self.node("c", "tcp://b:1")]
        #expect(grace.members(seeing: moved, at: .seconds(1)) == moved)
    }
}
