import HTTPTypes
import Router
import Shared
import Testing

@Suite("Control API")
struct ControlRoutesTests {
    static func document(_ words: [(String, String)], epoch: UInt64 = 4) throws -> PlacementDocument {
        PlacementDocument(
            epoch: epoch,
            nodes: try words.map { name, words in
                let experts = words == "none" ? [] : try ExpertSelection(parsing: words, of: ControlExample.moe).experts
                return .init(id: NodeID(name), endpoint: "tcp://\(name):1", experts: experts)
            },
        )
    }

    static func body(_ document: PlacementDocument) -> String { document.json(of: ControlExample.moe) }

    @Test("The placement shows what is wanted and what each node does")
    func placement() async throws {
        let example = ControlExample(authority: .init(try Self.document([("a", "all"), ("b", "0.0")])))
        example.drains.set(NodeID("b"), drains: true)
        let answer = try await example.send(.get, "/control/v1/placement")
        #expect(answer.status == 200)
        #expect(answer.json["authority"] as? String == "test")
        #expect(example.authority?.questions.withLock { $0 } == 0, "who only looks costs whoever keeps it nothing")
        #expect(answer.json["epoch"] as? Int == 4)
        #expect(answer.json["ready"] as? Bool == true)
        let document = try #require(answer.json["document"] as? [String: Any])
        let wanted = try #require(document["nodes"] as? [[String: Any]])
        #expect(wanted.map { $0["experts"] as? String } == ["all", "0.0"])
        let nodes = try #require(answer.json["nodes"] as? [[String: Any]])
        #expect(nodes.map { $0["node"] as? String } == ["a", "b", nil])
        #expect(nodes.map { $0["hosts"] as? String } == ["all", "0.0,0.1", "none"])
        #expect(nodes.map { $0["drained"] as? Bool } == [false, false, false])
    }

    @Test("Experts are shown with their nodes, their rows and their share of the layer")
    func experts() async throws {
        let example = ControlExample(rows: [ControlExample.first: 30, ControlExample.meta: 90])
        let answer = try await example.send(.get, "/control/v1/experts")
        let experts = try #require(answer.json["experts"] as? [[String: Any]])
        #expect(experts.map { $0["expert"] as? String } == ["0.0", "0.1", "0.meta"])
        #expect(experts.map { $0["rows"] as? Int } == [30, 0, 90])
        #expect(experts.map { $0["share"] as? Double } == [0.25, 0, 0.75])
        #expect(experts.map { $0["nodes"] as? [String] } == [["a", "b"], ["a", "b"], ["a"]])
        #expect(experts.map { $0["bytes"] as? Int } == [10, 10, 10])
        #expect(answer.json["rows"] as? Int == 120)
    }

    @Test("A plan follows the load that was measured and what is said of the nodes, and can be applied as it is")
    func plan() async throws {
        let authority = ControlExample.Authority(try Self.document([("a", "all"), ("b", "0.0")]))
        let example = ControlExample(
            authority: authority,
            rows: [ControlExample.first: 10, ControlExample.second: 10, ControlExample.meta: 20],
        )
        let wishes =
            #"{"hot_share": 0.4, "nodes": [{"id": "c", "endpoint": "tcp://c:1", "memory_bytes": 10, "cores": 4}]}"#
        let answer = try await example.send(.post, "/control/v1/placement/plan", body: wishes)
        #expect(answer.status == 200, "\(answer.message)")
        let reasons = try #require(answer.json["reasons"] as? [String])
        #expect(
            reasons.contains { $0.hasPrefix("Expert 0.meta saw 50 % of its layer's rows and gets a copy on node c") }
        )
        let report = try await example.api.plan(Array(wishes.utf8))
        #expect(report.document.epoch == 5)
        #expect(report.document.nodes.map(\.experts).last == "0.meta")
        let json = try #require(answer.json["document"] as? [String: Any])
        #expect(json["epoch"] as? Int == 5)
        let nodes = report.document.nodes.map { ($0.id, $0.experts ?? "") }
        let applied = try await example.send(
            .put,
            "/control/v1/placement",
            body: Self.body(try Self.document(nodes, epoch: 5))
        )
        #expect(applied.status == 200, "\(applied.message)")
        #expect(try await authority.current()?.epoch == 5)
    }

    @Test("Of plans that are asked for at once the machine makes one; the others hear so and may ask again")
    func plansAtOnce() async throws {
        let authority = ControlExample.Authority(try Self.document([("a", "all"), ("b", "0.0")]))
        let example = ControlExample(authority: authority)
        let (gate, entered) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
        authority.hold.withLock {
            $0 = {
                entered.continuation.yield()
                for await _ in gate.stream { break }
            }
        }
        let first = Task { try await example.api.plan([]) }
        for await _ in entered.stream { break }
        authority.hold.withLock { $0 = nil }
        let second = try await example.send(.post, "/control/v1/placement/plan")
        #expect(second.status == 429, "\(second.message)")
        gate.continuation.yield()
        #expect(try await first.value.document.epoch >= 4)
        #expect(try await example.send(.post, "/control/v1/placement/plan").status == 200)
    }

    @Test("Nodes that are made up are bounded")
    func manyNodes() async throws {
        let nodes = (0..<257).map { #"{"id": "n\#($0)", "endpoint": "tcp://n\#($0):1"}"# }.joined(separator: ",")
        let answer = try await ControlExample().send(
            .post,
            "/control/v1/placement/plan",
            body: #"{"nodes": [\#(nodes)]}"#
        )
        #expect(answer.status == 400)
        #expect(answer.message.contains("at most 256"), "\(answer.message)")
    }

    struct BadPlan: Sendable {
        var body: String
        var status: Int
        var words: String
    }

    @Test(
        "A plan that cannot be made says why",
        arguments: [
            BadPlan(body: "{", status: 400, words: "has to be JSON"),
            BadPlan(body: "[]", status: 400, words: "has to be an object"),
            BadPlan(body: #"{"replica": 1}"#, status: 400, words: "`replica`"),
            BadPlan(body: #"{"replicas": 0}"#, status: 400, words: "`replicas`"),
            BadPlan(body: #"{"hot_share": 2}"#, status: 400, words: "`hot_share`"),
            BadPlan(body: #"{"nodes": [{"id": "a b"}]}"#, status: 400, words: "`nodes[0].id`"),
            BadPlan(body: #"{"nodes": [{"id": "a"}, {"id": "a"}]}"#, status: 400, words: "a came twice"),
            BadPlan(body: #"{"nodes": [{"id": "z"}]}"#, status: 400, words: "Node z is not in the placement"),
            BadPlan(body: #"{"replicas": 9}"#, status: 409, words: "at least 9 nodes"),
            BadPlan(
                body: #"{"nodes": [{"id": "a", "memory_bytes": 5}, {"id": "b", "memory_bytes": 20}]}"#,
                status: 409,
                words: "10 bytes free for expert",
            ),
        ]
    )
    func badPlan(_ item: BadPlan) async throws {
        let answer = try await ControlExample().send(.post, "/control/v1/placement/plan", body: item.body)
        #expect(answer.status == item.status)
        #expect(answer.message.contains(item.words), "\(answer.message)")
    }

    @Test("A document is taken with the next epoch only; flags take none; gaps have to be forced")
    func apply() async throws {
        let authority = ControlExample.Authority(try Self.document([("a", "all")]))
        let example = ControlExample(authority: authority)
        func put(_ body: String, _ query: String = "") async throws -> ControlExample.Answer {
            try await example.send(.put, "/control/v1/placement" + query, body: body)
        }
        let all = [("a", "0.0,0.meta"), ("b", "0.1")]
        for epoch: UInt64 in [4, 6] {
            let stale = try await put(Self.body(try Self.document(all, epoch: epoch)))
            #expect(stale.status == 409)
            #expect(stale.code == "conflict")
            #expect(stale.message.hasPrefix("Expected a placement of epoch 5, found epoch \(epoch)"))
        }
        #expect(try await put("{}").status == 400)
        let gap = Self.body(try Self.document([("a", "0.0,0.meta")], epoch: 5))
        let refused = try await put(gap)
        #expect(refused.status == 400)
        #expect(refused.message.contains("0.1"))
        #expect(try await authority.current()?.epoch == 4)
        #expect(try await put(gap, "?force=true").status == 200)
        #expect(try await authority.current()?.epoch == 5)
        authority.isAway.withLock { $0 = true }
        #expect(try await put(Self.body(try Self.document(all, epoch: 6))).status == 503)

        let fixed = try await ControlExample().send(
            .put,
            "/control/v1/placement",
            body: Self.body(try Self.document(all, epoch: 5))
        )
        #expect(fixed.status == 409)
        #expect(fixed.code == "placement_fixed")
    }

    @Test("A drain of a router with fixed nodes is kept by the router")
    func drainFixed() async throws {
        let example = ControlExample()
        let answer = try await example.send(.post, "/control/v1/nodes/b/drain")
        #expect(answer.status == 200, "\(answer.message)")
        #expect(answer.json["kept"] as? String == "router")
        #expect(example.drains.nodes == [NodeID("b")])
        let undo = try await example.send(.post, "/control/v1/nodes/b/undrain")
        #expect(undo.json["draining"] as? Bool == false)
        #expect(example.drains.nodes.isEmpty)
    }

    @Test("A drain goes into a placement that takes changes, also when somebody else changes it meanwhile")
    func drainKept() async throws {
        let authority = ControlExample.Authority(try Self.document([("a", "all"), ("b", "0.0")]))
        authority.rivals.withLock { $0 = 2 }
        let example = ControlExample(authority: authority)
        let answer = try await example.send(.post, "/control/v1/nodes/b/drain")
        #expect(answer.json["kept"] as? String == "test", "\(answer.message)")
        let document = try #require(try await authority.current())
        #expect(document.nodes.map(\.isDraining) == [false, true])
        #expect(document.epoch == 7)
        #expect(example.drains.nodes.isEmpty, "the placement says it, for all routers")
        _ = try await example.send(.post, "/control/v1/nodes/b/undrain")
        #expect(try await authority.current()?.nodes.map(\.isDraining) == [false, false])
        authority.isAway.withLock { $0 = true }
        #expect(try await example.send(.post, "/control/v1/nodes/b/drain").status == 503)
    }

    @Test("The last node of an expert is drained by force only, counting those that were just told to drain")
    func drainLast() async throws {
        let example = ControlExample()
        let alone = try await example.send(.post, "/control/v1/nodes/a/drain")
        #expect(alone.status == 409)
        #expect(alone.message.contains("the only one that serves 0.meta"), "\(alone.message)")
        #expect(example.drains.nodes.isEmpty)
        #expect(try await example.send(.post, "/control/v1/nodes/a/drain?force=true").status == 200)
        let next = try await example.send(.post, "/control/v1/nodes/b/drain")
        #expect(next.status == 409)
        #expect(next.message.contains("0.0,0.1"), "\(next.message)")
    }

    @Test("The last node of an expert is held back also where the placement keeps the drains")
    func drainLastKept() async throws {
        let authority = ControlExample.Authority(try Self.document([("a", "all"), ("b", "0.0,0.1")]))
        let example = ControlExample(authority: authority)
        #expect(try await example.send(.post, "/control/v1/nodes/b/drain").status == 200)
        // What was seen last does not know of it yet.
        let status = ClusterStatus(
            nodes: ControlExample.status.nodes,
            experts: ControlExample.status.experts.filter { $0.key != ControlExample.meta },
            epoch: 4,
        )
        let second = ControlExample(authority: authority, status: status)
        let next = try await second.send(.post, "/control/v1/nodes/a/drain")
        #expect(next.status == 409, "\(next.message)")
        #expect(next.message.contains("0.0,0.1"), "\(next.message)")
        #expect(try await authority.current()?.nodes.map(\.isDraining) == [false, true])
        #expect(try await second.send(.post, "/control/v1/nodes/a/drain?force=true").status == 200)
        #expect(try await authority.current()?.nodes.map(\.isDraining) == [true, true])
    }

    @Test("Of several drains at once one is taken, and whoever is needed stays")
    func drainRace() async throws {
        for _ in 0..<50 {
            let board = DrainBoard()
            let taken = await withTaskGroup(of: Bool.self) { group in
                for name in ["a", "b"] {
                    group.addTask { board.drain(NodeID(name)) { $0.isEmpty } }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(taken == 1)
            #expect(board.nodes.count == 1)
        }
    }

    @Test("While whoever keeps the placement is away, nothing is planned, drained or undrained behind its back")
    func away() async throws {
        let authority = ControlExample.Authority(try Self.document([("a", "all"), ("b", "0.0")]))
        let example = ControlExample(authority: authority)
        authority.isAway.withLock { $0 = true }
        for path in ["nodes/b/drain", "nodes/b/undrain", "nodes/z/drain", "placement/plan"] {
            let answer = try await example.send(.post, "/control/v1/" + path)
            #expect(answer.status == 503, "\(path): \(answer.message)")
        }
        #expect(example.drains.nodes.isEmpty)
        #expect(try await example.send(.get, "/control/v1/placement").status == 200)
    }

    @Test("A plan does not write down that a node was just stopping")
    func passingDrain() async throws {
        var status = ControlExample.status
        status.nodes[1].isDraining = true
        let example = ControlExample(
            authority: .init(try Self.document([("a", "all"), ("b", "0.0")])),
            status: status,
        )
        #expect(try await example.api.plan([]).document.nodes.map(\.drain).allSatisfy { $0 != true })
    }

    @Test("A node that is not there is told with those that are, and a name that is none is refused")
    func unknownNode() async throws {
        let example = ControlExample()
        let unknown = try await example.send(.post, "/control/v1/nodes/z/drain")
        #expect(unknown.status == 404)
        #expect(unknown.message == "There is no node z; there are a, b.")
        #expect(try await example.send(.post, "/control/v1/nodes/.z/drain").status == 400)
    }

    struct Caller: Sendable {
        var name: String
        var token: String?
        var host: String
        var headers: HTTPFields = [:]
        var status: Int
    }

    static let secret = "0123456789abcdef"

    @Test(
        "Changes are for whoever has the token, or for this machine where there is none; looking is for all",
        arguments: [
            Caller(name: "loopback", token: nil, host: "127.0.0.1", status: 200),
            Caller(name: "loopback by name", token: nil, host: "localhost", status: 200),
            Caller(
                name: "loopback, from a web page",
                token: nil,
                host: "::1",
                headers: [.origin: "http://x"],
                status: 403
            ),
            Caller(name: "open without token", token: nil, host: "0.0.0.0", status: 403),
            Caller(name: "open without token, looks like loopback", token: nil, host: "127.evil.example", status: 403),
            Caller(name: "no token", token: secret, host: "127.0.0.1", status: 401),
            Caller(name: "wrong token", token: secret, host: "::", headers: [.authorization: "Bearer x"], status: 401),
            Caller(
                name: "other scheme",
                token: secret,
                host: "::",
                headers: [.authorization: "Basic \(secret)"],
                status: 401
            ),
            Caller(
                name: "longer",
                token: secret,
                host: "::",
                headers: [.authorization: "Bearer \(secret)0"],
                status: 401
            ),
            Caller(
                name: "token",
                token: secret,
                host: "0.0.0.0",
                headers: [.authorization: "Bearer \(secret)"],
                status: 200
            ),
        ]
    )
    func access(_ caller: Caller) async throws {
        try await Self.checkAccess(caller)
    }

    @Test(
        "What came through a proxy on this machine changes nothing without the token",
        arguments: [
            "Via", "Forwarded", "X-Forwarded-For", "x-forwarded-host", "X-Forwarded-Proto", "X-Real-IP",
        ]
    )
    func proxied(_ header: String) async throws {
        let name = try #require(HTTPField.Name(header))
        try await Self.checkAccess(
            Caller(name: header, token: nil, host: "127.0.0.1", headers: [name: "10.0.0.9"], status: 403)
        )
        try await Self.checkAccess(
            Caller(
                name: header,
                token: Self.secret,
                host: "127.0.0.1",
                headers: [name: "10.0.0.9", .authorization: "Bearer \(Self.secret)"],
                status: 200
            )
        )
    }

    private static func checkAccess(_ caller: Caller) async throws {
        let access = ControlAccess(token: caller.token, host: caller.host)
        let example = ControlExample(authority: .init(try Self.document([("a", "all"), ("b", "0.0")])))
        let next = Self.body(try Self.document([("a", "all")], epoch: 5))
        func send(_ method: HTTPRequest.Method, _ path: String, _ body: String = "") async throws -> Int {
            try await example.send(method, path, body: body, headers: caller.headers, access: access).status
        }
        #expect(try await send(.put, "/control/v1/placement", next) == caller.status, "\(caller.name)")
        #expect(try await send(.post, "/control/v1/nodes/b/drain") == caller.status)
        #expect(try await send(.post, "/control/v1/nodes/b/undrain") == caller.status)
        #expect(try await send(.get, "/control/v1/placement") == 200)
        #expect(try await send(.get, "/control/v1/experts") == 200)
        // It costs much, so it is not for everybody either.
        #expect(try await send(.post, "/control/v1/placement/plan") == caller.status)
    }
}
