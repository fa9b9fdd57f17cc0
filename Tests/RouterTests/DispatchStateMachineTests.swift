import Router
import Shared
import Testing
import Transport

@Suite("Open dispatches of a layer")
struct DispatchStateMachineTests {
    enum Event: Sendable {
        case replied(UInt64, from: Int)
        case lost(Int)
        case expired
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        /// Each event with the links whose dispatches it ends.
        var events: [(Event, ends: [Int])]
        var outstanding: Set<UInt64>
        var strays = 0
        var testDescription: String { name }
    }

    /// Requests 11, 12 and 13 are out, on links 1, 2 and 3.
    static let cases = [
        Case(name: "nothing happened", events: [], outstanding: [11, 12, 13]),
        Case(
            name: "answers end their dispatches, in any order",
            events: [(.replied(13, from: 3), [3]), (.replied(11, from: 1), [1]), (.replied(12, from: 2), [2])],
            outstanding: [],
        ),
        Case(
            name: "a second answer to one question is dropped",
            events: [(.replied(12, from: 2), [2]), (.replied(12, from: 2), [])],
            outstanding: [11, 13],
            strays: 1,
        ),
        Case(
            name: "an answer to a question that was never asked is dropped",
            events: [(.replied(99, from: 1), []), (.replied(0, from: 1), [])],
            outstanding: [11, 12, 13],
            strays: 2,
        ),
        Case(
            name: "an answer over another node's link is dropped, and the right one still counts",
            events: [(.replied(12, from: 1), []), (.replied(12, from: 2), [2])],
            outstanding: [11, 13],
            strays: 1,
        ),
        Case(
            name: "a lost link takes its own dispatches with it, once",
            events: [(.lost(2), [2]), (.lost(2), []), (.lost(7), [])],
            outstanding: [11, 13],
        ),
        Case(
            name: "an answer after the link was lost is dropped",
            events: [(.lost(2), [2]), (.replied(12, from: 2), [])],
            outstanding: [11, 13],
            strays: 1,
        ),
        Case(
            name: "the deadline ends what is still out, in the order of asking",
            events: [(.replied(12, from: 2), [2]), (.expired, [1, 3]), (.expired, [])],
            outstanding: [],
        ),
        Case(
            name: "answers after the deadline are dropped",
            events: [(.expired, [1, 2, 3]), (.replied(11, from: 1), []), (.replied(13, from: 3), [])],
            outstanding: [],
            strays: 2,
        ),
    ]

    @Test("Each event ends what it should", arguments: cases)
    func events(item: Case) throws {
        var machine = DispatchStateMachine()
        #expect(machine.isComplete)
        for (index, dispatch) in try DispatchPlanTests.dispatches(links: [1, 2, 3]).enumerated() {
            machine.sent(UInt64(11 + index), dispatch)
        }
        for (index, (event, ends)) in item.events.enumerated() {
            let ended: [DispatchPlan.NodeDispatch]
            switch event {
            case .replied(let request, let link):
                ended = machine.replied(request, from: LinkID(rawValue: link)).map { [$0] } ?? []
            case .lost(let link):
                ended = machine.lost(LinkID(rawValue: link)).map(\.dispatch)
            case .expired:
                let expired = machine.givenUp { _ in true }
                #expect(expired.map { Int($0.request) - 10 } == expired.map(\.dispatch.link.rawValue))
                ended = expired.map(\.dispatch)
            }
            #expect(ended.map(\.link.rawValue) == ends, "event \(index)")
        }
        #expect(Set(machine.outstanding.keys) == item.outstanding)
        #expect(machine.isComplete == item.outstanding.isEmpty)
        #expect(machine.strayReplies == item.strays)
    }

    @Test("A lost link takes all of its dispatches, oldest first, and leaves the others")
    func severalOnOneLink() throws {
        var machine = DispatchStateMachine()
        let dispatches = try DispatchPlanTests.dispatches(links: [1, 2])
        for request in UInt64(1)...8 { machine.sent(request, dispatches[Int(request % 2)]) }
        #expect(machine.lost(LinkID(rawValue: 2)).count == 4)
        #expect(Set(machine.outstanding.keys) == [2, 4, 6, 8])
    }
}
