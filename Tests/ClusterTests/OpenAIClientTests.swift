import Foundation
import Testing

/// The official Python client against a real cluster, unchanged but for its base URL.
@Suite(.serialized) struct OpenAIClientTests {
    @Test("The openai client asks whole and streamed, with an image, and reads errors")
    func officialClient() async throws {
        let python = Checkout.root.appending(path: ".build/python/bin/python").path
        try #require(
            FileManager.default.isExecutableFile(atPath: python),
            "run dev/python-env first (make test does)"
        )
        try await TestCluster.with { _, http in
            let script = Checkout.root.appending(path: "Tests/ClusterTests/openai_client.py").path
            let phantoms = Checkout.root.appending(path: "Tests/Fixtures/phantoms").path
            let run = try await Command.run(python, [script, http.base + "/v1", phantoms])
            #expect(run.status == 0, "\(run.output)\n\(run.errors)")
            #expect(run.output.contains("all checks passed"))
        }
    }
}
