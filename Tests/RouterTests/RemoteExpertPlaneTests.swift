import Model
import Router
import Shared
import Testing
import Transport

@Suite("Remote expert plane")
struct RemoteExpertPlaneTests {
    static let (first, second, third, meta) = (
        FakeCluster.id(0), FakeCluster.id(1), FakeCluster.id(2), FakeCluster.meta
    )

    @Test("Each node is asked once for all of its rows, with the weights meant and the time left")
    func asks() throws {
        let cluster = try FakeCluster()
        FakeCluster.check(cluster.execute(within: .milliseconds(1500)))
        let weights = Source.make("").weightsHash
        let expected = [
            "a": [RowGroup(expert: Self.first, rows: 2, weightsHash: weights)],
            "b": [RowGroup(expert: Self.second, rows: 3, weightsHash: weights)],
            "c": [
                RowGroup(expert: Self.third, rows: 3, weightsHash: weights),
                RowGroup(expert: Self.meta, rows: 8, weightsHash: weights),
            ],
        ]
        for (name, groups) in expected {
            let node = try cluster.node(name)
            #expect(node.dispatches.map(\.message.groups) == [groups])
            // The links are served once before the rows leave: 100 ms for each of three nodes.
            #expect(node.dispatches.map(\.message.deadlineMilliseconds) == [1200])
            #expect(node.dispatches.map(\.message.placementEpoch) == [1])
            #expect(node.cancels.isEmpty)
        }
        let requests = try ["a", "b", "c"].flatMap { try cluster.node($0).dispatches.map(\.request) }
        #expect(Set(requests).count == 3)
    }

    @Test(
        "Answers in any order give the same rows",
        arguments: [[0, 0, 0], [0, 1, 2], [2, 1, 0], [1, 3, 0], [2, 0, 2]]
    )
    func order(delays: [Int]) throws {
        let cluster = try FakeCluster()
        for (name, steps) in zip(["a", "b", "c"], delays) { try cluster.node(name).manner = .answers(after: steps) }
        for _ in 0..<3 { FakeCluster.check(cluster.execute()) }
    }

    @Test("A layer of skipped rows only asks nobody")
    func allSkipped() throws {
        let cluster = try FakeCluster()
        let outputs = cluster.execute(skipped: Set(0..<8))
        #expect(outputs.failures.isEmpty)
        #expect(outputs.sources.isEmpty)
        for name in ["a", "b", "c"] { #expect(try cluster.node(name).dispatches.isEmpty) }
    }

    @Test("A fault fails the experts of its dispatch only", arguments: FaultCode.allCases)
    func faults(code: FaultCode) throws {
        let cluster = try FakeCluster()
        try cluster.node("c").manner = .faults(code)
        let outputs = cluster.execute()
        FakeCluster.check(outputs, failed: [Self.third, Self.meta])
        for expert in [Self.third, Self.meta] {
            let failure = outputs.failures[expert]
            let isPassing = [FaultCode.busy, .draining, .expertNotReady, .stalePlacement].contains(code)
            #expect(failure?.code == (code == .deadlineExceeded ? .timedOut : isPassing ? .unavailable : .refused))
            let words = "node c answered \(code.rawValue): Because of \(code.rawValue)."
            #expect(failure?.message == "Expert \(expert) is not available: \(words)")
        }
        #expect(
            cluster.metric(#"medmoe_dispatch_failures_total{node="c",reason="\#(code.rawValue)"}"#)
                == (code == .invalidRequest ? "2" : "1")
        )
        try cluster.node("c").manner = .answers()
        FakeCluster.check(cluster.execute())
    }

    @Test("Rows go and come in the element type of the wire", arguments: WireDType.allCases)
    func wireDType(dtype: WireDType) throws {
        let cluster = try FakeCluster(wireDType: dtype)
        // Small whole numbers, which every element type holds.
        FakeCluster.check(cluster.execute())
        for name in ["a", "b", "c"] {
            #expect(try cluster.node(name).dispatches.map(\.message.dtype) == [dtype])
        }
    }

    @Test("Rows are rounded to the element type of the wire, to nearest and ties to even")
    func rounding() throws {
        let cluster = try FakeCluster(wireDType: .bfloat16)
        let outputs = cluster.execute { _ in [257, 259, 1.0009765625, -0.0] }
        #expect(outputs.failures.isEmpty)
        #expect(outputs.routed.row(0) == [512, 520, 2, 0])
    }

    @Test("An answer in another element type than asked for is refused")
    func otherDType() throws {
        let cluster = try FakeCluster(wireDType: .bfloat16)
        try cluster.node("c").manner = .distorts { $0.dtype = .float16 }
        let outputs = cluster.execute()
        FakeCluster.check(outputs, failed: [Self.third, Self.meta])
        #expect(outputs.failures[Self.third]?.code == .refused)
    }

    @Test("Numbers that do not fit a half fail their dispatch alone; infinite ones may go")
    func overflow() throws {
        let cluster = try FakeCluster(wireDType: .float16)
        // Row 0 goes to expert 0 at a, and to the meta expert at c.
        let outputs = cluster.execute { $0 == 0 ? [1, 2, -65_520, 4] : FakeCluster.inputRow($0) }
        FakeCluster.check(outputs, failed: [Self.first, Self.third, Self.meta])
        let failure = outputs.failures[Self.first]
        #expect(failure?.code == .refused)
        let words = "takes rows as f16 and a number of theirs does not fit f16; use --wire-dtype bf16 or f32"
        #expect(failure?.message == "Expert 4.0 is not available: node a \(words).")
        #expect(cluster.metric(#"medmoe_dispatch_failures_total{node="a",reason="overflow"}"#) == "1")
        let infinite = cluster.execute { $0 == 0 ? [1, 2, .infinity, 4] : FakeCluster.inputRow($0) }
        #expect(infinite.failures.isEmpty)
    }

    @Test("An answer of another shape is refused, and none of its rows is used")
    func wrongShape() throws {
        let changes: [(inout ResultMessage) -> Void] = [
            { $0.groups[0].rows += 1 }, { $0.groups.removeLast() }, { $0.groups.swapAt(0, 1) },
            { $0.groups[0].weightsHash = Source.hash(9) }, { $0.hiddenSize = 5 }, { $0.dtype = .bfloat16 },
        ]
        for (index, change) in changes.enumerated() {
            let cluster = try FakeCluster()
            try cluster.node("c").manner = .distorts(change)
            let outputs = cluster.execute()
            FakeCluster.check(outputs, failed: [Self.third, Self.meta])
            #expect(outputs.failures[Self.meta]?.code == .refused, "change \(index)")
            #expect(outputs.failures[Self.meta]?.message.contains("rows that were not asked for") == true)
            #expect(!outputs.routed.array.contains(7), "change \(index)")
            #expect(outputs.meta.array.allSatisfy { $0 == 0 }, "change \(index)")
        }
    }

    @Test("A broken answer is dropped, and its dispatch runs into the deadline")
    func malformed() throws {
        let cluster = try FakeCluster()
        try cluster.node("b").manner = .breaks
        let outputs = cluster.execute()
        FakeCluster.check(outputs, failed: [Self.second])
        #expect(outputs.failures[Self.second]?.code == .timedOut)
        #expect(cluster.metric(#"medmoe_dropped_replies_total{reason="malformed"}"#) == "1")
    }

    @Test("A node that does not answer until the deadline is given up and told so")
    func deadline() throws {
        let cluster = try FakeCluster()
        try cluster.node("b").manner = .ignores
        let start = cluster.clock.now
        let outputs = cluster.execute(within: .seconds(2))
        let taken = start.duration(to: cluster.clock.now)
        #expect(taken >= .seconds(2) && taken < .milliseconds(2500), "\(taken)")
        FakeCluster.check(outputs, failed: [Self.second])
        #expect(outputs.failures[Self.second]?.code == .timedOut)
        let message = "Expert 4.1 is not available: node b did not answer in time."
        #expect(outputs.failures[Self.second]?.message == message)
        let node = try cluster.node("b")
        #expect(node.cancels == node.dispatches.map(\.request))
        #expect(try cluster.node("a").cancels.isEmpty)
        #expect(cluster.metric(#"medmoe_dispatch_failures_total{node="b",reason="deadline"}"#) == "1")
    }

    @Test("A deadline that passed already ends the call at once, and every node is told")
    func tooLate() throws {
        let cluster = try FakeCluster()
        for name in ["a", "b", "c"] { try cluster.node(name).manner = .holds }
        let outputs = cluster.execute(within: .zero)
        FakeCluster.check(outputs, failed: [Self.first, Self.second, Self.third, Self.meta])
        #expect(outputs.failures.values.allSatisfy { $0.code == .timedOut })
        for name in ["a", "b", "c"] {
            #expect(try cluster.node(name).cancels.count == 1)
            try cluster.node(name).manner = .answers()
        }
        FakeCluster.check(cluster.execute())
    }

    @Test(
        "Answers that wait in the links count, though the deadline or the interest is over",
        arguments: [true, false]
    )
    func waiting(isAbandoned: Bool) throws {
        let cluster = try FakeCluster()
        let call = cluster.begin(within: .milliseconds(500), isAbandoned: { isAbandoned })
        // Somebody else computed for so long.
        if !isAbandoned { cluster.clock.advance(.milliseconds(600)) }
        FakeCluster.check(call.finish())
        for name in ["a", "b", "c"] { #expect(try cluster.node(name).cancels.isEmpty) }
    }

    @Test(
        "A reply after its deadline is dropped, whether between two layers or within the next",
        arguments: [true, false]
    )
    func late(between: Bool) throws {
        let cluster = try FakeCluster()
        let node = try cluster.node("b")
        node.manner = .holds
        FakeCluster.check(cluster.execute(), failed: [Self.second])
        // The late rows come before the right ones of the next layer.
        node.manner = .answers(after: 2)
        if between {
            node.release()
            cluster.plane.serveLinks(for: .zero)
        } else {
            node.onDispatch = { [unowned node] in node.release() }
        }
        FakeCluster.check(cluster.execute())
        #expect(cluster.metric(#"medmoe_dropped_replies_total{reason="late"}"#) == "1")
    }

    @Test("A result that comes twice counts once")
    func twice() throws {
        let cluster = try FakeCluster()
        try cluster.node("b").repeats = 3
        try cluster.node("a").manner = .answers(after: 2)
        FakeCluster.check(cluster.execute())
        FakeCluster.check(cluster.execute())
        #expect(cluster.metric(#"medmoe_dropped_replies_total{reason="late"}"#) == "4")
    }

    @Test("A node cannot answer for another")
    func forged() throws {
        let cluster = try FakeCluster()
        // Requests 1, 2 and 3 go to a, b and c; a's rows come first.
        try cluster.node("a").forges = [2, 3, 99]
        for name in ["b", "c"] { try cluster.node(name).manner = .answers(after: 2) }
        FakeCluster.check(cluster.execute())
        #expect(cluster.metric(#"medmoe_dropped_replies_total{reason="late"}"#) == "3")
    }

    struct Loss: Sendable, CustomTestStringConvertible {
        var reason: String
        var happens: @Sendable (FakeCluster, FakeNode) -> Void
        var testDescription: String { reason }
    }

    @Test(
        "A node that is lost in the middle fails its rows at once, with the reason",
        arguments: [
            Loss(
                reason: "the connection was lost",
                happens: { cluster, node in
                    node.manner = .ignores
                    node.onDispatch = { [unowned cluster] in cluster.transport.setReachable("b", false) }
                }
            ),
            Loss(
                reason: "the connection was lost",
                happens: { cluster, node in
                    node.onDispatch = { [unowned cluster] in cluster.transport.unregister(endpoint: "b") }
                }
            ),
            Loss(reason: "it left: drained", happens: { _, node in node.manner = .leaves }),
            Loss(reason: "it was restarted", happens: { _, node in node.manner = .restarts }),
            Loss(
                reason: "nothing was heard from it",
                happens: { _, node in
                    node.manner = .ignores
                    node.isDumb = true
                }
            ),
        ]
    )
    func lost(loss: Loss) throws {
        let cluster = try FakeCluster()
        let node = try cluster.node("b")
        loss.happens(cluster, node)
        let start = cluster.clock.now
        let outputs = cluster.execute(within: .seconds(60))
        #expect(start.duration(to: cluster.clock.now) < .seconds(6), "long before the deadline")
        FakeCluster.check(outputs, failed: [Self.second])
        let failure = outputs.failures[Self.second]
        #expect(failure?.code == .unavailable)
        #expect(failure?.message == "Expert 4.1 is not available: node b was lost (\(loss.reason)).")
        #expect(cluster.metric(#"medmoe_dispatch_failures_total{node="b",reason="lost"}"#) == "1")
    }

    @Test("A node that was restarted answers the next layer; the rows of its former life are dropped")
    func restarted() throws {
        let cluster = try FakeCluster()
        let node = try cluster.node("b")
        node.manner = .restarts
        FakeCluster.check(cluster.execute(), failed: [Self.second])
        node.manner = .answers()
        FakeCluster.check(cluster.execute())
    }

    @Test("A node that never came is named as missing, and the others are asked")
    func absent() throws {
        let cluster = try FakeCluster(present: ["a", "c"])
        let outputs = cluster.execute()
        FakeCluster.check(outputs, failed: [Self.second])
        #expect(outputs.failures[Self.second]?.code == .unavailable)
        let message = "Expert 4.1 is not available: no connected node hosts it."
        #expect(outputs.failures[Self.second]?.message == message)
        #expect(cluster.statuses.last?.missing == [Self.second])
        #expect(cluster.metric(#"medmoe_dispatch_failures_total{node="none",reason="unplaced"}"#) == "1")
    }

    @Test("A node that went between two layers is not asked, and one that came back is")
    func between() throws {
        let cluster = try FakeCluster()
        cluster.transport.setReachable("b", false)
        let outputs = cluster.execute()
        FakeCluster.check(outputs, failed: [Self.second])
        let message = "Expert 4.1 is not available: its node b is down (the connection was lost)."
        #expect(outputs.failures[Self.second]?.message == message)
        #expect(try cluster.node("b").dispatches.isEmpty)
        cluster.transport.setReachable("b", true)
        for _ in 0..<3 { cluster.plane.serveLinks(for: .zero) }
        FakeCluster.check(cluster.execute())
    }

    @Test("A refused node is not asked, and the failure says why in one sentence")
    func refused() throws {
        let cluster = try FakeCluster(present: ["a", "c"])
        let node = try cluster.node("b")
        node.hello.hiddenSize = 5
        cluster.transport.register(endpoint: "b", node: node)
        for _ in 0..<3 { cluster.plane.serveLinks(for: .zero) }
        let outputs = cluster.execute()
        FakeCluster.check(outputs, failed: [Self.second])
        let reason = "Node b has rows of 5 numbers; this model has 4."
        #expect(outputs.failures[Self.second]?.message == "Expert 4.1 is not available: \(reason)")
        #expect(node.dispatches.isEmpty)
        #expect(cluster.metric(#"medmoe_link_changes_total{change="refused",node="b"}"#) == "1")
        #expect(cluster.metric(#"medmoe_link_changes_total{change="joined",node="b"}"#) == nil)
    }

    @Test("The cluster's changes are published, each once")
    func publishes() throws {
        let cluster = try FakeCluster()
        let joined = cluster.statuses
        #expect(joined.first?.nodes.map(\.state) == ["connecting", "connecting", "connecting"])
        #expect(joined.last?.nodes.map(\.state) == ["up", "up", "up"])
        #expect(joined.last?.isReady == true)
        #expect(zip(joined, joined.dropFirst()).allSatisfy { $0 != $1 })
        cluster.plane.serveLinks(for: .zero)
        #expect(cluster.statuses.count == joined.count)
        cluster.transport.unregister(endpoint: "a")
        cluster.plane.serveLinks(for: .zero)
        #expect(cluster.statuses.last?.isReady == false)
        #expect(cluster.statuses.last?.missing == [Self.first])
    }

    @Test("The router says who it is, and what it expects")
    func greets() throws {
        let cluster = try FakeCluster()
        guard case .hello(let hello) = try cluster.node("a").received.first?.body else {
            Issue.record("the first message has to be a hello")
            return
        }
        #expect(hello.sender == "router")
        #expect(hello.role == .router)
        #expect(hello.incarnation == 5)
        #expect(hello.modelHash == Source.make("").weightsHash)
        #expect(hello.hiddenSize == FakeCluster.columns)
        #expect(hello.experts.isEmpty)
    }
}
