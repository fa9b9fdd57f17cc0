import Model
import Router
import Shared
import Testing
import Transport

@Suite("Dispatch plan")
struct DispatchPlanTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var topK = 1
        var experts: [Int]
        var wantsMeta = false
        var skipped: Set<Int> = []
        /// The number of the link of each slot; a slot that is not named has no node.
        var links: [ExpertSlot: Int]
        /// `link: expert rows -> targets, ...` in order.
        var dispatches: [String]
        var unplaced: [String] = []
        var testDescription: String { name }
    }

    static let three: [ExpertSlot: Int] = [.routed(0): 1, .routed(1): 2, .routed(2): 1, .meta: 3]

    static let cases = [
        Case(
            name: "rows are grouped by expert, experts by node, both in ascending order",
            experts: [2, 0, 1, 2, 0],
            links: three,
            dispatches: ["1: 6.0 [1, 4] -> [1, 4], 6.2 [0, 3] -> [0, 3]", "2: 6.1 [2] -> [2]"],
        ),
        Case(
            name: "nodes are asked in the order of their links, whichever experts they have",
            experts: [0, 1],
            links: [.routed(0): 9, .routed(1): 2],
            dispatches: ["2: 6.1 [1] -> [1]", "9: 6.0 [0] -> [0]"],
        ),
        Case(
            name: "nodes that nobody wants are not asked",
            experts: [1, 1],
            links: three,
            dispatches: ["2: 6.1 [0, 1] -> [0, 1]"],
        ),
        Case(
            name: "with two experts a row, targets are assignments and a row goes out twice",
            topK: 2,
            experts: [0, 1, 2, 0],
            links: three,
            dispatches: ["1: 6.0 [0, 1] -> [0, 3], 6.2 [1] -> [2]", "2: 6.1 [0] -> [1]"],
        ),
        Case(
            name: "the meta expert sees every row, and its targets are rows",
            topK: 2,
            experts: [0, 1, 1, 0],
            wantsMeta: true,
            links: three,
            dispatches: ["1: 6.0 [0, 1] -> [0, 3]", "2: 6.1 [0, 1] -> [1, 2]", "3: 6.meta [0, 1] -> [0, 1]"],
        ),
        Case(
            name: "the meta expert comes last within its node",
            experts: [2, 0],
            wantsMeta: true,
            links: [.routed(0): 1, .routed(2): 1, .meta: 1],
            dispatches: ["1: 6.0 [1] -> [1], 6.2 [0] -> [0], 6.meta [0, 1] -> [0, 1]"],
        ),
        Case(
            name: "skipped rows are sent to nobody, not to the meta expert either",
            experts: [0, 1, 0],
            wantsMeta: true,
            skipped: [1, 2],
            links: three,
            dispatches: ["1: 6.0 [0] -> [0]", "3: 6.meta [0] -> [0]"],
        ),
        Case(
            name: "nothing is asked when every row is skipped",
            experts: [0, 1],
            wantsMeta: true,
            skipped: [0, 1],
            links: three,
            dispatches: [],
        ),
        Case(
            name: "experts without a node are named, and the others are asked",
            experts: [0, 3, 1, 3, 4],
            wantsMeta: true,
            links: [.routed(0): 1, .routed(1): 2],
            dispatches: ["1: 6.0 [0] -> [0]", "2: 6.1 [2] -> [2]"],
            unplaced: ["6.3", "6.4", "6.meta"],
        ),
        Case(name: "no rows ask for nothing", experts: [], wantsMeta: true, links: three, dispatches: []),
    ]

    @Test("A layer's rows are planned by node", arguments: cases)
    func plan(item: Case) throws {
        let routing = RoutingDecision(topK: item.topK, experts: item.experts, weights: item.experts.map { _ in 1 })
        let hash = try #require(Source.hash(7))
        let plan = DispatchPlan(
            layer: 6,
            routing: routing,
            wantsMeta: item.wantsMeta,
            liveRows: (0..<routing.rows).filter { !item.skipped.contains($0) },
            skippedRows: item.skipped,
            host: { expert in
                item.links[expert.slot].map {
                    DispatchPlan.Host(link: LinkID(rawValue: $0), node: NodeID("node-\($0)"), weightsHash: hash)
                }
            },
        )
        #expect(plan.dispatches.map(Self.words) == item.dispatches)
        #expect(plan.unplaced.map(\.description) == item.unplaced)
        for dispatch in plan.dispatches {
            #expect(dispatch.node == NodeID("node-\(dispatch.link.rawValue)"))
            #expect(dispatch.rowCount == dispatch.groups.reduce(0) { $0 + $1.targets.count })
            #expect(dispatch.groups.allSatisfy { $0.weightsHash == hash })
        }
    }

    static func words(_ dispatch: DispatchPlan.NodeDispatch) -> String {
        let groups = dispatch.groups.map { "\($0.expert) \($0.inputRows) -> \($0.targets)" }
        return "\(dispatch.link.rawValue): " + groups.joined(separator: ", ")
    }

    /// A plan of layer 6 with one row for each link, whose experts have the numbers of the links.
    static func dispatches(links: [Int]) throws -> [DispatchPlan.NodeDispatch] {
        let hash = try #require(Source.hash(7))
        return DispatchPlan(
            layer: 6,
            routing: RoutingDecision(topK: 1, experts: links, weights: links.map { _ in 1 }),
            wantsMeta: false,
            liveRows: Array(links.indices),
            skippedRows: [],
            host: { expert in
                guard case .routed(let link) = expert.slot else { return nil }
                return DispatchPlan.Host(link: LinkID(rawValue: link), node: NodeID("node-\(link)"), weightsHash: hash)
            },
        ).dispatches
    }
}
