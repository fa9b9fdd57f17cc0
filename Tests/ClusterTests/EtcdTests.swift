import Foundation
import LocalCluster
import Membership
import Model
import Shared
import Testing

/// Routers and nodes that find each other through a real etcd, and go on without it.
@Suite(.serialized) struct EtcdTests {
    /// A cluster of real processes around an etcd of its own.
    private func with(
        waitForReadiness: Bool = true,
        _ body: @Sendable (EtcdProcess, EtcdPlacementStore, LocalCluster, HTTP) async throws -> Void,
    ) async throws {
        let folder = try Checkout.temporaryFolder()
        guard let server = try EtcdProcess(folder: folder.path) else {
            throw HTTP.NotReady(message: "expected etcd in /usr/bin; install it with dev/install-packages --test")
        }
        defer { server.kill() }
        try await server.start { await Self.isHealthy($0) }
        let words = "etcd:\(server.url)/test"
        let store = EtcdPlacementStore(
            address: try EtcdAddress(parsing: String(words.dropFirst(5))),
            moe: try ModelWeights(folder: Checkout.nano).configuration.moe,
        )
        try await TestCluster.with(
            waitForReadiness: waitForReadiness,
            adjust: { configuration in
                configuration.membership = words
                configuration.nodeArguments = ["--register", words]
            }
        ) { cluster, http in
            try await body(server, store, cluster, http)
        }
        server.kill()
        try? FileManager.default.removeItem(at: folder)
    }

    private static func isHealthy(_ url: String) async -> Bool {
        (try? await HTTP(base: url).get(""))?.text.contains("true") == true
    }

    /// The router's nodes once they are as expected.
    private func nodes(
        _ http: HTTP,
        within limit: Duration = .seconds(30),
        until isTrue: ([String: Any]) -> Bool,
    ) async throws {
        let deadline = ContinuousClock.now + limit
        var last = ""
        while deadline > .now {
            if let answer = try? await http.get("/control/v1/nodes") {
                if isTrue(answer.json) { return }
                last = answer.text
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw HTTP.NotReady(message: "the router's nodes did not become as expected: \(last)")
    }

    private static func states(_ listing: [String: Any]) -> [String: [String: Any]] {
        let nodes = listing["nodes"] as? [[String: Any]] ?? []
        return Dictionary(nodes.map { ($0["node"] as? String ?? "?", $0) }) { first, _ in first }
    }

    /// The placement of the cluster as it is, for changes.
    private func document(_ cluster: LocalCluster, epoch: UInt64) throws -> PlacementDocument {
        let moe = try ModelWeights(folder: Checkout.nano).configuration.moe
        return PlacementDocument(
            epoch: epoch,
            nodes: try cluster.configuration.nodes.map { spec in
                PlacementDocument.Node(
                    id: spec.id,
                    endpoint: cluster.endpoint(of: spec.id),
                    experts: try ExpertSelection(parsing: spec.experts, of: moe).experts,
                )
            },
        )
    }

    @Test("Nodes that register are served from; etcd may die meanwhile, and what changes after its return is taken")
    func killAndRestart() async throws {
        try await with { server, store, cluster, http in
            let before = try await http.ask("What is shown?", maximumTokens: 16)
            #expect(before.status == 200)
            #expect(try await store.fetchNodes().keys.sorted() == cluster.configuration.nodes.map(\.id).sorted())
            try await store.apply(try document(cluster, epoch: 5), after: nil)
            try await nodes(http) { $0["epoch"] as? Int == 5 }

            server.kill()
            for _ in 0..<3 {
                let answer = try await http.ask("What is shown?", maximumTokens: 16)
                #expect(answer.content == before.content)
            }
            let log = try #require(cluster.router?.logPath)
            try await contains("The last placement stays until etcd answers again.", log)

            try await server.start { await Self.isHealthy($0) }
            try await contains("etcd is back", log)
            var document = try document(cluster, epoch: 6)
            document.nodes[0].isDraining = true
            try await store.apply(document, after: 5)
            let drained = document.nodes[0].id.rawValue
            try await nodes(http) { listing in
                listing["epoch"] as? Int == 6 && Self.states(listing)[drained]?["draining"] as? Bool == true
            }
            document.epoch = 7
            document.nodes[0].isDraining = false
            try await store.apply(document, after: 6)
            try await nodes(http) { $0["epoch"] as? Int == 7 && $0["ready"] as? Bool == true }
            let after = try await http.ask("What is shown?", maximumTokens: 16)
            #expect(after.content == before.content)
            let text = try String(contentsOfFile: log, encoding: .utf8)
            #expect(text.components(separatedBy: "The last placement stays").count == 2, "one line at the loss")
            #expect(cluster.router?.isRunning == true)
        }
    }

    @Test("Of two who change the placement at once one is told to look again, and nothing is lost")
    func conflict() async throws {
        try await with { _, store, cluster, http in
            let document = try document(cluster, epoch: 2)
            try await store.apply(document, after: nil)
            let late = await #expect(throws: MembershipError.self) { try await store.apply(document, after: nil) }
            #expect(late?.code == .conflict)
            var next = document
            next.epoch = 3
            try await store.apply(next, after: 2)
            let stale = await #expect(throws: MembershipError.self) { try await store.apply(next, after: 2) }
            #expect(stale?.code == .conflict)
            let low = await #expect(throws: MembershipError.self) { try await store.apply(document, after: 3) }
            #expect(low?.code == .conflict)
            #expect(try await store.fetch() == next)
            try await nodes(http) { $0["epoch"] as? Int == 3 }
        }
    }

    @Test(
        "A node that is killed vanishes from etcd with its lease, one that stops at once, and one that comes is served from"
    )
    func leases() async throws {
        try await with { _, store, cluster, http in
            let names = cluster.configuration.nodes.map(\.id)
            let (killed, stopped) = (names[0], names[1])
            cluster.node(killed)?.signal(SIGKILL)
            cluster.node(stopped)?.terminate()
            let start = ContinuousClock.now
            try await until(within: .seconds(8)) { try await store.fetchNodes()[stopped] == nil }
            try await until(within: .seconds(30)) { try await store.fetchNodes()[killed] == nil }
            #expect(start.duration(to: .now) > .seconds(2), "it vanished before its lease was over")
            try cluster.startNode(killed)
            try cluster.startNode(stopped)
            try await http.waitForReadiness(within: .seconds(30))
            #expect(try await store.fetchNodes().count == names.count)
        }
    }

    @Test(
        "A registration that somebody took away under a living lease comes back, and the node is served from throughout"
    )
    func takenAway() async throws {
        try await with { server, store, cluster, http in
            let node = cluster.configuration.nodes[0].id
            let before = try #require(try await store.fetchNodes()[node])
            let key = Data("/test/nodes/\(node)".utf8).base64EncodedString()
            let answer = try await HTTP(base: server.url).post("/v3/kv/deleterange", json: ["key": key])
            #expect(answer.json["deleted"] as? String == "1", "\(answer.text)")
            // Of a lease of 10 s.
            try await until(within: .seconds(10)) { try await store.fetchNodes()[node] == before }
            try await http.waitForReadiness(within: .seconds(30))
        }
    }

    private func until(within limit: Duration, _ isTrue: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + limit
        while !(try await isTrue()) {
            guard deadline > .now else { throw HTTP.NotReady(message: "a condition was not met within \(limit)") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func contains(_ words: String, _ log: String) async throws {
        try await until(within: .seconds(30)) { try String(contentsOfFile: log, encoding: .utf8).contains(words) }
    }
}
