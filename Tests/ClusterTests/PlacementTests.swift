import Foundation
import LocalCluster
import Shared
import Synchronization
import Testing

/// Where experts are: seen, planned, and a node taken out while requests run.
@Suite(.serialized) struct PlacementTests {
    /// Nodes `one` and `two` host all experts; with a file, the placement in it is followed, that gives all to `one`, and
    /// nodes that accept it load and unload what it says.
    static func withReplicas(
        file: Bool = false,
        accepting: Bool = false,
        _ body: @Sendable (LocalCluster, HTTP) async throws -> Void,
    ) async throws {
        let folder = try Checkout.temporaryFolder()
        guard let port = FreePort.find() else { throw HTTP.NotReady(message: "no free port") }
        var configuration = LocalCluster.Configuration(
            model: Checkout.nano,
            nodes: ["one", "two"].map { NodeSpec(id: NodeID($0), experts: "all") },
            programs: Checkout.programs,
            logs: folder.path + "/logs",
            sockets: LocalCluster.freshSocketFolder(),
            port: port,
            threads: 1
        )
        let path = folder.path + "/placement.json"
        if file { configuration.membership = "file:" + path }
        if accepting { configuration.nodeArguments = ["--accept-placement"] }
        let cluster = try LocalCluster(configuration)
        let nodes = zip(["one", "two"], zip(cluster.endpoints, ["all", "none"])).map { name, place in
            ["id": name, "endpoint": place.0, "experts": place.1]
        }
        let document: [String: Any] = ["epoch": 1, "nodes": nodes]
        try JSONSerialization.data(withJSONObject: document).write(to: URL(filePath: path))
        let http = HTTP(base: "http://127.0.0.1:\(port)")
        do {
            try cluster.start()
            try await http.waitForReadiness()
            try await body(cluster, http)
            await cluster.stop()
            try? FileManager.default.removeItem(at: folder)
        } catch {
            await cluster.stop()
            print("The logs of the failed cluster are in \(folder.path)/logs")
            throw error
        }
    }

    /// Set once, by one of several.
    private final class Flag: Sendable {
        private let value = Mutex(false)
        var isSet: Bool { value.withLock { $0 } }
        func set() { value.withLock { $0 = true } }
    }

    /// Waits until `medmoe nodes` would show both replicas up.
    static func waitForBoth(_ http: HTTP) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await http.get("/control/v1/experts").text.components(separatedBy: #"["one","two"]"#).count < 2 {
            guard deadline > .now else { throw HTTP.NotReady(message: "the replicas did not both come up") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test("A node that is drained under load and then stopped costs no request, and all answers are equal")
    func drainUnderLoad() async throws {
        try await Self.withReplicas { cluster, http in
            try await Self.waitForBoth(http)
            let before = try await http.ask("What is shown?", maximumTokens: 24)
            #expect(before.status == 200)
            let node = try #require(cluster.node(NodeID("one")))
            let isGone = Flag()
            let answers = try await withThrowingTaskGroup(of: [(Int, String)].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        // Each lane goes on until the node has been gone for a while.
                        var (answers, turnsAfter): ([(Int, String)], Int) = ([], 0)
                        while turnsAfter < 4 {
                            if isGone.isSet { turnsAfter += 1 }
                            let answer = try await http.ask("What is shown?", maximumTokens: 24)
                            answers.append((answer.status, answer.status == 200 ? answer.content : answer.errorMessage))
                        }
                        return answers
                    }
                }
                defer { isGone.set() }
                let drain = try await Command.run(
                    "medmoe",
                    ["drain", "one", "--wait", "--url", http.base],
                    within: .seconds(60)
                )
                #expect(drain.status == 0, "\(drain.errors)")
                #expect(drain.output.contains("Node one has drained and can be stopped"))
                // No mercy: whatever it owed would be lost.
                node.signal(SIGKILL)
                let gone = await node.waitForExit(until: .now + .seconds(10))
                #expect(gone)
                isGone.set()
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(answers.count >= 16)
            // Failover would have hidden it: nothing was lost, so nothing had to be asked again.
            let metrics = try await http.get("/metrics").text
            let lost = metrics.split(separator: "\n").filter { $0.hasPrefix("medmoe_dispatch_failures_total") }
            #expect(lost.isEmpty, "\(lost)")
            for (status, text) in answers {
                #expect(status == 200, "\(text)")
                #expect(text == before.content)
            }

            // It comes back drained, and serves when it is told to.
            try cluster.startNode(NodeID("one"))
            let alone = try await http.post("/control/v1/nodes/two/drain", json: [:])
            #expect(alone.status == 409, "\(alone.text)")
            let undo = try await Command.run("medmoe", ["drain", "one", "--undo", "--url", http.base])
            #expect(undo.status == 0, "\(undo.errors)")
            try await Self.waitForBoth(http)
            let after = try await http.ask("What is shown?", maximumTokens: 24)
            #expect(after.content == before.content)
        }
    }

    @Test("Experts, placement and plan are shown, and flags take no other placement")
    func shown() async throws {
        try await Self.withReplicas { _, http in
            try await Self.waitForBoth(http)
            _ = try await http.ask("What is shown?", maximumTokens: 8)
            let experts = try await Command.run("medmoe", ["experts", "--url", http.base])
            #expect(experts.status == 0, "\(experts.errors)")
            #expect(experts.output.contains("EXPERT"))
            #expect(experts.output.contains("one,two"))
            let metrics = try await http.get("/metrics").text
            #expect(metrics.contains(#"medmoe_expert_rows_total{"#))
            #expect(metrics.contains(#"expert="meta""#))

            let show = try await Command.run("medmoe", ["placement", "show", "--url", http.base])
            #expect(show.status == 0, "\(show.errors)")
            #expect(show.output.contains("kept by: flags"))

            let folder = try Checkout.temporaryFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let file = folder.path + "/plan.json"
            let plan = try await Command.run(
                "medmoe",
                ["placement", "plan", "--hot", "1", "--out", file, "--url", http.base]
            )
            #expect(plan.status == 0, "\(plan.errors)")
            #expect(plan.output.contains("leaves node"), "\(plan.output)")
            #expect(plan.output.contains("Epoch 2: copies of 0 experts have to be loaded."), "\(plan.output)")
            let apply = try await Command.run("medmoe", ["placement", "apply", "--file", file, "--url", http.base])
            #expect(apply.status == 1)
            #expect(apply.errors.contains("takes no placement"), "\(apply.errors)")
            let unknown = try await Command.run("medmoe", ["drain", "three", "--url", http.base])
            #expect(unknown.status == 1)
            #expect(unknown.errors.contains("There is no node three; there are one, two."), "\(unknown.errors)")
        }
    }

    @Test("A placement in a file is planned, applied and drained, and an older plan comes too late")
    func file() async throws {
        try await Self.withReplicas(file: true) { _, http in
            let before = try await http.ask("What is shown?", maximumTokens: 24)
            #expect(before.status == 200)
            let experts = try await http.get("/control/v1/experts").text
            #expect(experts.contains(#"["one"]"#) && !experts.contains("two"))
            let folder = try Checkout.temporaryFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let old = folder.path + "/old.json"
            let plan = try await Command.run(
                "medmoe",
                ["placement", "plan", "--replicas", "2", "--out", old, "--url", http.base]
            )
            #expect(plan.output.contains("2 copies of each are wanted"), "\(plan.output) \(plan.errors)")
            let apply = try await Command.run("medmoe", ["placement", "apply", "--replicas", "2", "--url", http.base])
            #expect(apply.status == 0, "\(apply.errors)")
            #expect(apply.output.contains("The placement has epoch 2 now, kept by: file."), "\(apply.output)")
            let late = try await Command.run("medmoe", ["placement", "apply", "--file", old, "--url", http.base])
            #expect(late.status == 1)
            #expect(late.errors.contains("Expected a placement of epoch 3, found epoch 2"), "\(late.errors)")
            try await Self.waitForBoth(http)
            let drain = try await Command.run("medmoe", ["drain", "one", "--wait", "--url", http.base])
            #expect(drain.status == 0, "\(drain.errors)")
            #expect(drain.output.contains("kept by: file"), "\(drain.output)")
            let show = try await http.get("/control/v1/placement")
            let document = try #require(show.json["document"] as? [String: Any])
            #expect(document["epoch"] as? Int == 3)
            #expect(show.json["epoch"] as? Int == 3)
            let during = try await http.ask("What is shown?", maximumTokens: 24)
            #expect(during.content == before.content)
            let undo = try await Command.run("medmoe", ["drain", "one", "--undo", "--url", http.base])
            #expect(undo.status == 0, "\(undo.errors)")
            try await Self.waitForBoth(http)
        }
    }

    @Test("Changes need the token of a router that has one")
    func token() async throws {
        let folder = try Checkout.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.path + "/token"
        try "0123456789abcdef0123\n".write(toFile: file, atomically: true, encoding: .utf8)
        try await TestCluster.with(nodes: 2, routerArguments: ["--control-token-file", file]) { _, http in
            let without = try await Command.run("medmoe", ["drain", "node-0", "--force", "--url", http.base])
            #expect(without.status == 1)
            #expect(without.errors.contains("Authorization: Bearer"), "\(without.errors)")
            let with = try await Command.run(
                "medmoe",
                ["drain", "node-0", "--force", "--token-file", file, "--url", http.base]
            )
            #expect(with.status == 0, "\(with.errors)")
            let refused = try await http.ask("What is shown?", maximumTokens: 4)
            #expect(refused.status == 503)
            #expect(refused.errorMessage.contains("node node-0 is draining"), "\(refused.errorMessage)")
            let undo = try await Command.run(
                "medmoe",
                ["drain", "node-0", "--undo", "--url", http.base],
                environment: ["MEDMOE_CONTROL_TOKEN_FILE": file]
            )
            #expect(undo.status == 0, "\(undo.errors)")
            try await http.waitForReadiness(within: .seconds(20))
            #expect(try await http.ask("What is shown?", maximumTokens: 4).status == 200)
        }
    }
}
