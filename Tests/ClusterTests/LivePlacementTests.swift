import Foundation
import Shared
import Testing

/// Experts that are loaded and given back while requests run.
@Suite(.serialized) struct LivePlacementTests {
    /// Waits until each expert is served by these nodes and no others.
    private static func wait(for names: [String], _ http: HTTP) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        var last = ""
        while deadline > .now {
            let listing = try await http.get("/control/v1/experts")
            let experts = listing.json["experts"] as? [[String: Any]] ?? []
            if !experts.isEmpty, experts.allSatisfy({ $0["nodes"] as? [String] == names }) { return }
            last = listing.text
            try await Task.sleep(for: .milliseconds(20))
        }
        throw HTTP.NotReady(message: "the experts are not all served by \(names): \(last)")
    }

    /// Waits until node `two` holds what the word says, as `--experts` takes it.
    private static func wait(untilTwoHolds words: String, _ http: HTTP) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        var last = ""
        while deadline > .now {
            let report = try await http.get("/control/v1/placement")
            let nodes = report.json["nodes"] as? [[String: Any]] ?? []
            if nodes.contains(where: { $0["node"] as? String == "two" && $0["hosts"] as? String == words }) { return }
            last = report.text
            try await Task.sleep(for: .milliseconds(20))
        }
        throw HTTP.NotReady(message: "two does not hold \(words): \(last)")
    }

    @Test("A plan loads a copy of every expert under load, which then takes over alone, and another gives them back")
    func liveReplicas() async throws {
        try await PlacementTests.withReplicas(file: true, accepting: true) { cluster, http in
            try await Self.wait(for: ["one"], http)
            // It began with everything, and gave that back.
            try await Self.wait(untilTwoHolds: "none", http)
            let before = try await http.ask("What is shown?", maximumTokens: 24)
            #expect(before.status == 200)
            let lanes = Lanes()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try await lanes.run(http) } }
                defer { lanes.end() }
                try await lanes.wait(forMore: 8)
                let apply = try await Command.run(
                    "medmoe",
                    ["placement", "apply", "--replicas", "2", "--url", http.base]
                )
                #expect(apply.status == 0, "\(apply.errors)")
                try await Self.wait(for: ["one", "two"], http)
                try await lanes.wait(forMore: 8)
                // What was loaded has to serve alone now, and with the same bits.
                let node = try #require(cluster.node(NodeID("one")))
                node.signal(SIGKILL)
                let isGone = await node.waitForExit(until: .now + .seconds(10))
                #expect(isGone)
                try await lanes.wait(forMore: 16)
                try cluster.startNode(NodeID("one"))
                try await Self.wait(for: ["one", "two"], http)
                let placed = try await http.get("/control/v1/placement").json["document"] as? [String: Any]
                var document = try #require(placed)
                var nodes = try #require(document["nodes"] as? [[String: Any]])
                for index in nodes.indices where nodes[index]["id"] as? String == "two" {
                    nodes[index]["experts"] = "none"
                }
                document["nodes"] = nodes
                document["epoch"] = 3
                let folder = try Checkout.temporaryFolder()
                defer { try? FileManager.default.removeItem(at: folder) }
                let file = folder.appending(path: "placement.json")
                try JSONSerialization.data(withJSONObject: document).write(to: file)
                let back = try await Command.run(
                    "medmoe",
                    ["placement", "apply", "--file", file.path, "--url", http.base]
                )
                #expect(back.status == 0, "\(back.errors)")
                try await Self.wait(for: ["one"], http)
                try await Self.wait(untilTwoHolds: "none", http)
                try await lanes.wait(forMore: 8)
                lanes.end()
                try await group.waitForAll()
            }
            for (status, text) in lanes.answers {
                #expect(status == 200, "\(text)")
                #expect(text == before.content)
            }
        }
    }
}
