import Foundation
import LocalCluster
import Shared
import Testing

/// The official Python client against a real cluster, unchanged but for its base URL.
@Suite(.serialized) struct OpenAIClientTests {
    @Test("The openai client asks whole and streamed, with an image, and reads errors")
    func officialClient() async throws {
        try await TestCluster.with { _, http in try await Self.run("openai_client.py", http) }
    }

    @Test("The openai client sees that an answer is marked, in header, body and stream, and can refuse it")
    func degraded() async throws {
        try await TestCluster.with(routerArguments: ["--on-missing-expert", "meta_only"]) { cluster, http in
            for number in 0..<5 {
                let node = try #require(cluster.node(NodeID("expert-\(number)")))
                node.signal(SIGKILL)
                #expect(await node.waitForExit(until: .now + .seconds(10)))
            }
            try await Self.run("openai_degraded.py", http)
        }
    }

    private static func run(_ script: String, _ http: HTTP) async throws {
        let python = Checkout.root.appending(path: ".build/python/bin/python").path
        try #require(
            FileManager.default.isExecutableFile(atPath: python),
            "run dev/python-env first (make test does)"
        )
        let script = Checkout.root.appending(path: "Tests/ClusterTests/\(script)").path
        let phantoms = Checkout.root.appending(path: "Tests/Fixtures/phantoms").path
        let run = try await Command.run(python, [script, http.base + "/v1", phantoms])
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        #expect(run.output.contains("all checks passed"))
    }
}
