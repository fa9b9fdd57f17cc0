import Model
import Router
import Shared
import Testing
import Transport

@Suite("Failover within a layer")
struct FailoverTests {
    static let second = FakeCluster.id(1)

    struct Trouble: Sendable, CustomTestStringConvertible {
        var name: String
        /// The label of the failure that is counted.
        var reason: String
        var happens: @Sendable (FakeCluster, FakeNode) -> Void
        var testDescription: String { name }
    }

    static let troubles = [
        Trouble(name: "its connection breaks", reason: "lost") { cluster, node in
            node.manner = .ignores
            node.onDispatch = { [unowned cluster] in cluster.transport.setReachable("b", false) }
        },
        Trouble(name: "it leaves", reason: "lost") { $1.manner = .leaves },
        Trouble(name: "another process is in its place", reason: "lost") { $1.manner = .restarts },
        Trouble(name: "it is busy", reason: "busy") { $1.manner = .faults(.busy) },
        Trouble(name: "it drains", reason: "draining") { $1.manner = .faults(.draining) },
        Trouble(name: "its placement is stale", reason: "stalePlacement") { $1.manner = .faults(.stalePlacement) },
        Trouble(name: "its expert is not ready", reason: "expertNotReady") { $1.manner = .faults(.expertNotReady) },
        Trouble(name: "it fails inside", reason: "internal") { $1.manner = .faults(.internal) },
        Trouble(name: "it answers too few rows", reason: "mismatch") {
            $1.manner = .distorts { $0.groups[0].rows -= 1 }
        },
        Trouble(name: "it answers of other weights", reason: "mismatch") {
            $1.manner = .distorts { $0.groups[0].weightsHash = Source.hash(9) }
        },
        Trouble(name: "it answers what is no number", reason: "not_finite") { $1.manner = .spoils },
    ]

    @Test("Whatever goes wrong with a replica, another one gives the same rows", arguments: troubles)
    func otherReplica(trouble: Trouble) throws {
        let cluster = try FakeCluster(replicas: ["b2": "b"])
        trouble.happens(cluster, try cluster.node("b"))
        let outputs = cluster.execute()
        FakeCluster.check(outputs, from: [Self.second: "b2"])
        #expect(outputs.attempts == 2)
        let failures = #"medmoe_dispatch_failures_total{node="b",reason="\#(trouble.reason)"}"#
        #expect(cluster.metric(failures) == "1")
        #expect(cluster.metric(#"medmoe_dispatch_retries_total{reason="\#(trouble.reason)"}"#) == "1")
    }

    @Test("A bad answer is asked for again where there is no replica, once")
    func again() throws {
        let cluster = try FakeCluster()
        let node = try cluster.node("b")
        node.manner = .spoils
        node.onDispatch = { [unowned node] in if node.dispatches.count == 2 { node.manner = .answers() } }
        FakeCluster.check(cluster.execute())
        #expect(node.dispatches.count == 2)

        let hopeless = try FakeCluster()
        try hopeless.node("b").manner = .spoils
        FakeCluster.check(hopeless.execute(), failed: [Self.second])
        #expect(try hopeless.node("b").dispatches.count == 2)
    }

    @Test("Rows that were damaged on the way back are asked for again, and the damage is counted as such")
    func damaged() throws {
        let cluster = try FakeCluster()
        var results = 0
        cluster.transport.damages = { header in
            guard case .result(let result) = header.body, result.groups.contains(where: { $0.expert == Self.second })
            else { return false }
            results += 1
            return results == 1
        }
        FakeCluster.check(cluster.execute())
        #expect(try cluster.node("b").dispatches.count == 2)
        #expect(cluster.metric(#"medmoe_dropped_replies_total{reason="corrupt"}"#) == "1")
        #expect(cluster.metric(#"medmoe_dispatch_retries_total{reason="corrupt"}"#) == "1")
    }

    @Test("A node of several experts that dies leaves each to whoever has it")
    func divided() throws {
        let cluster = try FakeCluster(replicas: ["c2": "c", "c3": "c"])
        let (third, meta) = (FakeCluster.id(2), FakeCluster.meta)
        // c3 has the meta expert only.
        let partial = try cluster.node("c3")
        partial.hello.experts.removeAll { $0.expert == third }
        partial.hello.incarnation += 1
        cluster.transport.unregister(endpoint: "c3")
        cluster.transport.register(endpoint: "c3", node: partial)
        for _ in 0..<3 { cluster.plane.serveLinks(for: .zero) }
        try cluster.node("c").manner = .faults(.draining)
        try cluster.node("c2").manner = .faults(.draining)
        let outputs = cluster.execute()
        FakeCluster.check(outputs, failed: [third], from: [meta: "c3"])
        #expect(outputs.attempts == 3)
    }

    @Test("A replica that is slow is not waited for: another is asked, and the late rows are dropped")
    func hedged() throws {
        let cluster = try FakeCluster(replicas: ["b2": "b"], step: .milliseconds(5))
        let node = try cluster.node("b")
        node.manner = .holds
        let start = cluster.clock.now
        FakeCluster.check(cluster.execute(within: .seconds(60)), from: [Self.second: "b2"])
        #expect(start.duration(to: cluster.clock.now) < .seconds(1))
        #expect(node.cancels.count == 1, "told that its rows are not wanted any more")
        #expect(cluster.metric(#"medmoe_dispatch_hedges_total{node="b"}"#) == "1")
        node.release()
        FakeCluster.check(cluster.execute(), from: [Self.second: "b2"])
        #expect(cluster.metric(#"medmoe_dropped_replies_total{reason="late"}"#) == "1")
    }

    @Test("A replica that hangs costs one wait, not one for each layer, and is tried again later")
    func slowIsLeftAlone() throws {
        let cluster = try FakeCluster(replicas: ["b2": "b"], step: .milliseconds(5))
        let node = try cluster.node("b")
        node.manner = .holds
        for _ in 0..<10 { FakeCluster.check(cluster.execute(within: .seconds(60)), from: [Self.second: "b2"]) }
        #expect(node.dispatches.count == 1)
        cluster.clock.advance(.seconds(2))
        node.manner = .answers()
        FakeCluster.check(cluster.execute())
        #expect(node.dispatches.count == 2)
    }

    @Test("Without hedging a slow replica is waited for until it is suspect of being dead")
    func notHedged() throws {
        let cluster = try FakeCluster(replicas: ["b2": "b"]) { $0.hedges = false }
        let node = try cluster.node("b")
        node.manner = .ignores
        node.isDumb = true
        let start = cluster.clock.now
        FakeCluster.check(cluster.execute(within: .seconds(60)), from: [Self.second: "b2"])
        #expect(start.duration(to: cluster.clock.now) > .seconds(2))
    }

    @Test("Of two replicas the one that owes fewer rows is asked")
    func leastLoaded() throws {
        let cluster = try FakeCluster(replicas: ["b2": "b"], step: .milliseconds(5))
        let node = try cluster.node("b")
        node.manner = .holds
        FakeCluster.check(cluster.execute(within: .seconds(60)), from: [Self.second: "b2"])
        // Its heartbeat says that rows wait there.
        node.queuedRows = 100
        for _ in 0..<100 { cluster.plane.serveLinks(for: .zero) }
        let before = node.dispatches.count
        FakeCluster.check(cluster.execute(), from: [Self.second: "b2"])
        #expect(node.dispatches.count == before)
    }

    @Test("Rows beyond a link's credit wait until it has answered, and none is lost")
    func credit() throws {
        // Eight rows of 16 bytes go to c for the meta expert, three for expert 2.
        let cluster = try FakeCluster { $0.linkCreditBytes = 16 }
        let node = try cluster.node("c")
        node.manner = .holds
        let first = cluster.begin()
        let second = cluster.begin()
        #expect(node.dispatches.count == 1)
        node.manner = .answers()
        node.release()
        FakeCluster.check(first.finish())
        FakeCluster.check(second.finish())
        #expect(try cluster.node("c").dispatches.count == 2)
    }

    @Test("Two layers' questions may be open at once, and be finished in either order")
    func twoOpen() throws {
        let cluster = try FakeCluster()
        try cluster.node("a").manner = .answers(after: 2)
        let (first, second) = (cluster.begin(), cluster.begin())
        FakeCluster.check(second.finish())
        FakeCluster.check(first.finish())
    }

    @Test("An abandoned call ends at once, and its nodes are told")
    func abandoned() throws {
        let cluster = try FakeCluster()
        for name in ["a", "b", "c"] { try cluster.node(name).manner = .holds }
        let outputs = cluster.begin(isAbandoned: { true }).finish()
        #expect(outputs.failures.values.allSatisfy { $0.code == .abandoned })
        #expect(outputs.failures.count == 4)
        for name in ["a", "b", "c"] { #expect(try cluster.node(name).cancels.count == 1) }
    }

    @Test("A router that closes says goodbye to its nodes")
    func goodbye() throws {
        let cluster = try FakeCluster()
        cluster.plane.close()
        for name in ["a", "b", "c"] {
            let farewells = try cluster.node(name).received.filter {
                if case .goodbye = $0.body { true } else { false }
            }
            #expect(farewells.count == 1)
        }
    }
}
