import Shared
import TestKit
import Testing

@Suite("Placement planner")
struct PlacementPlannerTests {
    typealias Node = PlacementPlanner.Node

    static let moe = MoEConfiguration(layers: [0, 2], expertCounts: [3, 3], topK: 1, hasMetaExpert: true)
    static let bytes = Dictionary(uniqueKeysWithValues: moe.experts.map { ($0, 10) })

    static func id(_ text: String) throws -> ExpertID { try #require(ExpertID(text)) }

    static func node(_ name: String, _ words: String = "", memory: Int? = nil, cores: Int = 1) throws -> Node {
        Node(
            id: NodeID(name),
            endpoint: "tcp://\(name):1",
            memoryBytes: memory,
            cores: cores,
            experts: words.isEmpty ? [] : try ExpertSelection(parsing: words, of: moe).experts,
        )
    }

    /// As many rows for each expert as its column says: `.0`, `.1`, `.2`, `.meta`.
    static func rows(_ columns: [Int]) -> [ExpertID: Int] {
        Dictionary(
            uniqueKeysWithValues: moe.experts.map { expert in
                switch expert.slot {
                case .routed(let index): (expert, columns[index])
                case .meta: (expert, columns[3])
                }
            }
        )
    }

    static func words(_ plan: PlacementPlan) -> [String] {
        plan.document.nodes.map { node in
            "\(node.id)=" + (node.experts.isEmpty ? "none" : ExpertSelection(node.experts, of: moe).description)
        }
    }

    @Test("A placement that is good stays, with its epoch")
    func stays() throws {
        let nodes = [try Self.node("a", "*.0,*.1"), try Self.node("b", "*.2,*.meta")]
        let plan = try PlacementPlanner(Self.moe, bytes: Self.bytes, rows: [:]).plan(nodes, epoch: 4)
        #expect(Self.words(plan) == ["a=*.0,*.1", "b=*.2,*.meta"])
        #expect(plan.document.epoch == 4)
        #expect(plan.changes.isEmpty && plan.loads == 0)
        #expect(plan.reasons.contains("Node a keeps *.0,*.1: nothing is gained by a move."))
        #expect(plan.reasons.contains { $0.hasPrefix("No rows were measured yet") })
    }

    @Test("From nothing, experts are spread by the cores of the nodes, and every reason names its expert")
    func fromNothing() throws {
        let nodes = [try Self.node("a", cores: 1), try Self.node("b", cores: 3)]
        let plan = try PlacementPlanner(Self.moe, bytes: Self.bytes, rows: [:]).plan(nodes, epoch: 1)
        #expect(plan.document.epoch == 2)
        #expect(plan.document.nodes.map(\.experts.count) == [2, 6])
        #expect(plan.loads == 8)
        for expert in Self.moe.experts {
            #expect(plan.reasons.contains { $0.hasPrefix("Expert \(expert) goes to node ") })
        }
    }

    @Test("The experts of a node that drains go elsewhere, and it keeps what it has")
    func draining() throws {
        var nodes = [try Self.node("a", "*.0,*.1"), try Self.node("b", "*.2,*.meta")]
        nodes[0].isDraining = true
        nodes[0].key = "k"
        let plan = try PlacementPlanner(Self.moe, bytes: Self.bytes, rows: [:]).plan(nodes, epoch: 4)
        #expect(Self.words(plan) == ["a=*.0,*.1", "b=all"])
        #expect(plan.document.nodes.map(\.isDraining) == [true, false])
        #expect(plan.document.nodes[0].key == "k")
        #expect(plan.document.placement.missingExperts(of: Self.moe).isEmpty)
        #expect(plan.loads == 4)
        #expect(plan.reasons.contains { $0.hasPrefix("Node a drains") })
    }

    @Test("A hot expert gets a copy where there is room, and loses it when it has cooled well below the wish")
    func hot() throws {
        let nodes = [
            try Self.node("a", "*.0,*.1,*.2", memory: 70), try Self.node("b", "*.meta", memory: 30, cores: 4),
        ]
        var wishes = PlacementPlanner.Wishes()
        wishes.hotShare = 0.4
        func plan(_ columns: [Int], _ nodes: [Node]) throws -> PlacementPlan {
            try PlacementPlanner(Self.moe, bytes: Self.bytes, rows: Self.rows(columns))
                .plan(nodes, epoch: 1, wishes: wishes)
        }
        var rows = Self.rows([5, 5, 5, 15])
        rows[try Self.id("0.1")] = 40
        let hot = try PlacementPlanner(Self.moe, bytes: Self.bytes, rows: rows).plan(nodes, epoch: 1, wishes: wishes)
        #expect(hot.document.placement.nodes(of: try Self.id("0.1")) == [NodeID("a"), NodeID("b")])
        let words = "Expert 0.1 saw 62 % of its layer's rows and gets a copy on node b, which takes a part of them."
        #expect(hot.reasons.contains(words), "\(hot.reasons)")
        // 2.meta is hot too (half of its layer), and a has room for it.
        #expect(hot.document.placement.nodes(of: try Self.id("2.meta")).count == 2)

        let replicated = [try Self.node("a", "*.0,*.1,*.2", memory: 60), try Self.node("b", "*.meta,0.1", memory: 30)]
        var lukewarm = Self.rows([20, 34, 20, 26])
        lukewarm[try Self.id("0.1")] = 36
        let kept = try PlacementPlanner(Self.moe, bytes: Self.bytes, rows: lukewarm)
            .plan(replicated, epoch: 1, wishes: wishes)
        #expect(kept.changes.isEmpty, "\(kept.reasons)")
        let cooled = try plan([30, 10, 30, 30], replicated)
        #expect(cooled.document.placement.nodes(of: try Self.id("0.1")).count == 1)
        #expect(
            cooled.reasons.contains { $0.hasPrefix("Expert 0.1 leaves node ") && $0.contains("one copy is enough") }
        )
    }

    @Test("A hot expert without room for a copy stays alone, and that is said")
    func noRoomForCopy() throws {
        let nodes = [try Self.node("a", "*.0,*.1", memory: 40), try Self.node("b", "*.2,*.meta", memory: 40)]
        let plan = try PlacementPlanner(Self.moe, bytes: Self.bytes, rows: Self.rows([1, 1, 1, 3]))
            .plan(nodes, epoch: 1)
        #expect(plan.document.placement.nodes(of: try Self.id("0.meta")) == [NodeID("b")])
        let words =
            "Expert 0.meta saw 50 % of its layer's rows, but no other node that may hold it has 10 bytes free for a copy."
        #expect(plan.reasons.contains(words))
    }

    @Test("A new node takes a part of the load of the others, and no more is moved than that")
    func newNode() throws {
        let nodes = [try Self.node("a", "all"), try Self.node("b")]
        var wishes = PlacementPlanner.Wishes()
        wishes.hotShare = 1
        let plan = try PlacementPlanner(Self.moe, bytes: Self.bytes, rows: Self.rows([10, 10, 10, 30]))
            .plan(nodes, epoch: 1, wishes: wishes)
        #expect((1...4).contains(plan.loads), "\(plan.reasons)")
        #expect(plan.reasons.contains { $0.contains("moves from node a, which has the most to do for its cores") })
        let again = try PlacementPlanner(Self.moe, bytes: Self.bytes, rows: Self.rows([10, 10, 10, 30]))
            .plan(
                plan.document.nodes.map { Node(id: $0.id, endpoint: $0.endpoint, experts: $0.experts) },
                epoch: plan.document.epoch,
                wishes: wishes,
            )
        #expect(again.changes.isEmpty, "a plan that was applied is followed by another: \(again.reasons)")
    }

    @Test("Experts that routers compute need no node")
    func held() throws {
        var wishes = PlacementPlanner.Wishes()
        wishes.held = [try Self.id("0.meta"), try Self.id("2.meta")]
        let plan = try PlacementPlanner(Self.moe, bytes: Self.bytes, rows: Self.rows([1, 1, 1, 9]))
            .plan([try Self.node("a", memory: 60)], epoch: 1, wishes: wishes)
        #expect(Self.words(plan) == ["a=*.0,*.1,*.2"])
    }

    @Test("A node is planned to hold what its key is granted and nothing else")
    func grants() throws {
        let (routed, meta) = (
            try ExpertSelection(parsing: "*.0,*.1,*.2", of: Self.moe),
            try ExpertSelection(parsing: "*.meta", of: Self.moe)
        )
        // Left alone, everything would stay on `a`, and `b` would take its half of it.
        var nodes = [try Self.node("a", "all"), try Self.node("b")]
        nodes[0].granted = Set(routed.experts)
        nodes[1].granted = Set(meta.experts)
        let planner = PlacementPlanner(Self.moe, bytes: Self.bytes, rows: Self.rows([100, 100, 100, 1]))
        let plan = try planner.plan(nodes, epoch: 1)
        #expect(Self.words(plan) == ["a=*.0,*.1,*.2", "b=*.meta"])
        #expect(plan.reasons.contains("Expert 0.meta leaves node a, whose key the allow-list does not grant it."))
        nodes[1].granted = []
        let nobody = #expect(throws: PlacementError.self) { try planner.plan(nodes, epoch: 1) }
        #expect(nobody?.code == .noRoom)
        #expect(
            nobody?.message
                == "expected 1 nodes that may hold expert 0.meta, found 0: the allow-list grants it to no others "
                + "of the plan; grant it to more, or ask for fewer copies"
        )
        // What may lie on one node only goes there first, or others would take its place.
        let (one, all) = (try Self.id("0.1"), Set(Self.moe.experts))
        var small = [try Self.node("a", memory: 70), try Self.node("b", memory: 30)]
        small[0].granted = all
        small[1].granted = [one]
        let tight = try PlacementPlanner(Self.moe, bytes: Self.bytes, rows: Self.rows([1, 100, 1, 1]))
            .plan(small, epoch: 1)
        #expect(tight.document.placement.missingExperts(of: Self.moe).isEmpty)
    }

    @Test("What cannot be is refused with the numbers")
    func impossible() throws {
        let planner = PlacementPlanner(Self.moe, bytes: Self.bytes, rows: [:])
        var wishes = PlacementPlanner.Wishes()
        let nobody = #expect(throws: PlacementError.self) { try planner.plan([], epoch: 1) }
        #expect(nobody?.code == .nodeCount)
        let tight = #expect(throws: PlacementError.self) {
            try planner.plan([try Self.node("a", memory: 45), try Self.node("b", memory: 39)], epoch: 1)
        }
        #expect(tight?.code == .noRoom)
        #expect(tight?.message.contains("expected 10 bytes free for expert") == true, "\(tight?.message ?? "")")
        #expect(tight?.message.contains("found at most 9") == true, "\(tight?.message ?? "")")
        wishes.replicas = 2
        var nodes = [try Self.node("a"), try Self.node("b")]
        #expect(try planner.plan(nodes, epoch: 1, wishes: wishes).loads == 16)
        nodes[1].isDraining = true
        let alone = #expect(throws: PlacementError.self) { try planner.plan(nodes, epoch: 1, wishes: wishes) }
        #expect(alone?.code == .nodeCount)
        #expect(alone?.message.contains("found 1 beside 1 that drain") == true)
    }

    @Test("Experts in the way of others are packed anew")
    func packedAnew() throws {
        let moe = MoEConfiguration(layers: [0], expertCounts: [3], topK: 1, hasMetaExpert: false)
        let ids = moe.experts
        let bytes = [ids[0]: 6, ids[1]: 4, ids[2]: 10]
        let nodes = [
            Node(id: NodeID("a"), endpoint: "a", memoryBytes: 10, experts: [ids[0]]),
            Node(id: NodeID("b"), endpoint: "b", memoryBytes: 10, experts: [ids[1]]),
        ]
        let plan = try PlacementPlanner(moe, bytes: bytes, rows: [:]).plan(nodes, epoch: 1)
        #expect(plan.document.placement.missingExperts(of: moe).isEmpty)
        #expect(plan.reasons.contains { $0.hasPrefix("Experts had to be packed anew") })
    }

    @Test(
        "Whatever the cluster: all placed, memory kept, the same again for the same, and stable once applied",
        arguments: 0..<200
    )
    func properties(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let moe = MoEConfiguration(
            layers: Array(0..<number(1...4)).map { 2 * $0 },
            expertCounts: [],
            counts: { number(1...6) },
            hasMetaExpert: number(0...1) == 1,
        )
        let bytes = Dictionary(uniqueKeysWithValues: moe.experts.map { ($0, number(1...20)) })
        let rows = Dictionary(uniqueKeysWithValues: moe.experts.map { ($0, number(0...1) * number(0...1000)) })
        let total = bytes.values.reduce(0, +)
        let count = number(1...6)
        let nodes = (0..<count).map { index in
            Node(
                id: NodeID("n\(index)"),
                endpoint: "tcp://n\(index):1",
                memoryBytes: number(0...3) == 0 ? nil : number(0...2 * total),
                cores: number(1...8),
                experts: moe.experts.filter { _ in number(0...3) == 0 },
                isDraining: number(0...5) == 0,
            )
        }
        var wishes = PlacementPlanner.Wishes()
        wishes.replicas = number(1...2)
        wishes.hotShare = Double(number(5...100)) / 100
        let planner = PlacementPlanner(moe, bytes: bytes, rows: rows)
        let plan: PlacementPlan
        do {
            plan = try planner.plan(nodes, epoch: 7, wishes: wishes)
        } catch {
            #expect([.noRoom, .nodeCount].contains(error.code))
            if error.code == .noRoom {
                let room = nodes.filter { !$0.isDraining }.map { $0.memoryBytes ?? .max / 16 }
                #expect(wishes.replicas > 1 || (room.max() ?? 0) < total, "one node would have held everything")
            }
            return
        }
        let placement = plan.document.placement
        for expert in moe.experts { #expect(placement.nodes(of: expert).count >= wishes.replicas) }
        for (node, placed) in zip(nodes, plan.document.nodes) where !node.isDraining {
            let used = placed.experts.reduce(0) { $0 + (bytes[$1] ?? 0) }
            #expect(node.memoryBytes.map { used <= $0 } ?? true, "\(node.id) holds \(used)")
        }
        #expect(try PlacementPlanner(moe, bytes: bytes, rows: rows).plan(nodes, epoch: 7, wishes: wishes) == plan)
        #expect(plan.document.epoch == (plan.changes.isEmpty ? 7 : 8))
        let applied = zip(nodes, plan.document.nodes).map { node, placed in
            var node = node
            node.experts = placed.experts
            return node
        }
        let next = try planner.plan(applied, epoch: 8, wishes: wishes)
        #expect(next.changes.isEmpty, "\(next.reasons)")
        for change in plan.changes {
            for expert in change.added {
                #expect(
                    plan.reasons.contains { $0.hasPrefix("Expert \(expert) ") && $0.contains("node \(change.node)") }
                )
            }
        }
    }
}

extension MoEConfiguration {
    fileprivate init(layers: [Int], expertCounts: [Int], counts: () -> Int, hasMetaExpert: Bool) {
        self.init(
            layers: layers,
            expertCounts: layers.map { _ in counts() },
            topK: 1,
            hasMetaExpert: hasMetaExpert,
        )
    }
}
