import Router
import Shared
import Testing
import Transport

@Suite("Control API with keys")
struct ControlGrantTests {
    @Test("No placement gives a node what the allow-list does not grant to its key, by plan or by hand")
    func grants() async throws {
        let keys = try ["a", "b"].map { _ in try CurveKeyPair.generate().publicKey }
        let (first, second, meta) = (ControlExample.first, ControlExample.second, ControlExample.meta)
        let list = AllowList(nodes: [
            AllowList.Node(name: NodeID("a"), key: keys[0], experts: [first, second, meta], endpoint: "tcp://a:1"),
            AllowList.Node(name: NodeID("b"), key: keys[1], experts: [second], endpoint: "tcp://b:1"),
        ])
        let authority = ControlExample.Authority(try ControlRoutesTests.document([("a", "all"), ("b", "0.1")]))
        let example = ControlExample(authority: authority, trust: WireTrust(list))
        let bad = ControlRoutesTests.body(try ControlRoutesTests.document([("a", "all"), ("b", "0.0,0.1")], epoch: 5))
        for query in ["", "?force=true"] {
            let refused = try await example.send(.put, "/control/v1/placement" + query, body: bad)
            #expect(refused.status == 400)
            #expect(
                refused.message
                    == "The placement gives node b 0.0, which the allow-list does not grant to its key; grant them or "
                    + "move them."
            )
        }
        #expect(try await authority.current()?.epoch == 4)
        let plan = try await example.send(.post, "/control/v1/placement/plan", body: #"{"replicas": 2}"#)
        #expect(plan.status == 409)
        #expect(plan.message.contains("2 nodes that may hold expert 0.0, found 1"), "\(plan.message)")
        // A node that leaves keeps what it has, and another's key does not help.
        var leaving = try ControlRoutesTests.document([("a", "all"), ("b", "0.0,0.1")], epoch: 5)
        leaving.nodes[1].isDraining = true
        let left = ControlRoutesTests.body(leaving)
        #expect(try await example.send(.put, "/control/v1/placement", body: left).status == 200)
        var borrowed = try ControlRoutesTests.document([("a", "all"), ("b", "0.1")], epoch: 6)
        borrowed.nodes[1].key = keys[0].text
        let body = ControlRoutesTests.body(borrowed)
        #expect(try await example.send(.put, "/control/v1/placement", body: body).status == 400)
        let good = ControlRoutesTests.body(
            try ControlRoutesTests.document([("a", "0.0,0.meta"), ("b", "0.1")], epoch: 6)
        )
        #expect(try await example.send(.put, "/control/v1/placement", body: good).status == 200)
    }
}
