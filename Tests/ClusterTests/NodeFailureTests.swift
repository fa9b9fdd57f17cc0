import Foundation
import LocalCluster
import Model
import Shared
import Testing

/// Nodes that die under load: never a hang, never a wrong answer, and a restart mends it without touching the router.
@Suite(.serialized) struct NodeFailureTests {
    @Test("A killed node fails the requests that need it with a 503 that names the expert; its restart mends it")
    func killAndRestart() async throws {
        try await TestCluster.with { cluster, http in
            let before = try await http.ask("What is shown?", maximumTokens: 24)
            #expect(before.status == 200)
            let router = try #require(cluster.router?.processID)
            let victim = NodeID("expert-1")
            let node = try #require(cluster.node(victim))

            // Requests run while the node dies.
            let statuses = try await withThrowingTaskGroup(of: (Int, String, String, Duration).self) { group in
                for index in 0..<40 {
                    group.addTask {
                        let start = ContinuousClock.now
                        let answer = try await http.ask("What is shown?", maximumTokens: 24)
                        if index == 4 { node.signal(SIGKILL) }
                        let text = answer.status == 200 ? answer.content : answer.errorMessage
                        return (answer.status, text, answer.error["code"] as? String ?? "", start.duration(to: .now))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for (status, text, code, elapsed) in statuses {
                #expect(elapsed < .seconds(10))
                if status == 200 {
                    #expect(text == before.content, "an answer under failure was wrong")
                } else {
                    #expect(status == 503, "\(text)")
                    #expect(code == "expert_unavailable")
                    #expect(text.contains(".1"), "the message does not name the expert: \(text)")
                }
            }

            // While it is dead: at once, and named in /readyz.
            _ = await node.waitForExit(until: .now + .seconds(10))
            let start = ContinuousClock.now
            let refused = try await http.ask("What is shown?", maximumTokens: 24)
            #expect(refused.status == 503)
            #expect(start.duration(to: .now) < .seconds(2))
            let ready = try await http.get("/readyz")
            #expect(ready.status == 503)
            #expect(ready.text.contains("\"0.1\":false"))

            try cluster.startNode(victim)
            try await http.waitForReadiness(within: .seconds(20))
            let after = try await http.ask("What is shown?", maximumTokens: 24)
            #expect(after.content == before.content)
            #expect(cluster.router?.processID == router)
            #expect(cluster.router?.isRunning == true)
        }
    }

    @Test("A stopped node times out within the deadline, and serves again when it goes on")
    func suspendedNode() async throws {
        try await TestCluster.with(routerArguments: ["--expert-timeout-ms", "700"]) { cluster, http in
            let before = try await http.ask("Why?", maximumTokens: 4)
            let node = try #require(cluster.node(NodeID("expert-meta")))
            node.signal(SIGSTOP)
            let start = ContinuousClock.now
            let answer = try await http.ask("Why?", maximumTokens: 4)
            #expect([503, 504].contains(answer.status))
            #expect(answer.errorMessage.contains("meta"))
            #expect(start.duration(to: .now) < .seconds(5))
            node.signal(SIGCONT)
            try await http.waitForReadiness(within: .seconds(20))
            let after = try await http.ask("Why?", maximumTokens: 4)
            #expect(after.content == before.content)
        }
    }

    @Test("A node with other weights is refused by name, and no answer mixes them")
    func otherWeights() async throws {
        let folder = try Checkout.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let other = folder.appending(path: "medmoe-nano").path
        try FileManager.default.copyItem(atPath: Checkout.nano, toPath: other)
        try Self.changeLastByteOfExpert(1, in: other + "/model.safetensors")
        try await TestCluster.with(waitForReadiness: false) { cluster, http in
            // The node of expert 1 comes up with the changed checkpoint.
            let id = NodeID("expert-1")
            cluster.node(id)?.signal(SIGKILL)
            _ = await cluster.node(id)?.waitForExit(until: .now + .seconds(10))
            try cluster.startNode(id, model: other)
            let deadline = ContinuousClock.now + .seconds(30)
            var report = ""
            while deadline > .now, !report.contains("expects") {
                report = (try? await http.get("/readyz").text) ?? ""
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(report.contains("expert-1"), "\(report)")
            #expect(report.contains("with weights"), "\(report)")
            let answer = try await http.ask("What is shown?", maximumTokens: 24)
            #expect(answer.status == 503)
            #expect(answer.errorMessage.contains("expert-1"), "\(answer.errorMessage)")
        }
    }

    @Test("SIGTERM ends a router and its nodes with exit code 0, and the answers under way are finished")
    func gracefulEnd() async throws {
        try await TestCluster.with { cluster, http in
            let router = try #require(cluster.router)
            let nodes = cluster.processes.filter { $0.name != "router" }
            async let long = http.ask("What is shown?", maximumTokens: 300)
            let deadline = ContinuousClock.now + .seconds(20)
            while deadline > .now {
                let metrics = try await http.get("/metrics").text
                if metrics.contains("medmoe_num_requests_running 1") { break }
            }
            router.terminate()
            let answer = try await long
            #expect(answer.status == 200)
            let routerEnded = await router.waitForExit(until: .now + .seconds(20))
            #expect(routerEnded)
            #expect(router.exitStatus == 0)
            for node in nodes { node.terminate() }
            for node in nodes {
                let ended = await node.waitForExit(until: .now + .seconds(20))
                #expect(ended)
                #expect(node.exitStatus == 0, "\(node.name): \(node.logTail())")
            }
        }
    }

    /// Flips a bit in the data of one expert of layer 0.
    static func changeLastByteOfExpert(_ index: Int, in path: String) throws {
        var data = try Data(contentsOf: URL(filePath: path))
        let length = Int(data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        let header = try JSONSerialization.jsonObject(with: data[8..<8 + length]) as? [String: Any]
        let name = "model.layers.0.mlp.deepspeed_moe.experts.deepspeed_experts.\(index).up_proj.weight"
        let offsets = (header?[name] as? [String: Any])?["data_offsets"] as? [Int]
        let end = try #require(offsets?.last)
        data[8 + length + end - 1] ^= 0x01
        try data.write(to: URL(filePath: path))
    }
}
