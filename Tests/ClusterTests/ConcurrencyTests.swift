import Foundation
import Testing

/// Mixed requests at once against a real cluster.
@Suite(.serialized) struct ConcurrencyTests {
    @Test("Eight mixed requests at once over a cluster give the answers that they give alone")
    func eightAtOnce() async throws {
        let folder = Checkout.root.appending(path: "Tests/Fixtures/phantoms")
        let pictures = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".png") }
            .sorted().map { try Data(contentsOf: folder.appending(path: $0)) }
        try #require(pictures.count >= 3)
        let questions: [(String, Data?, Int)] = [
            ("Identify the modality.", pictures[0], 16), ("What is shown?", nil, 48), ("Why?", nil, 1),
            ("Is this image normal?", pictures[1], 8), (String(repeating: "Is there a lesion? ", count: 12), nil, 8),
            ("What organ is this?", pictures[2], 24), ("Is there a tumor?", pictures[0], 40), ("Describe it.", nil, 20),
        ]
        try await TestCluster.with { _, http in
            var alone: [String] = []
            for (text, image, tokens) in questions {
                alone.append(
                    try await http.ask(text, image: image, mediaType: "image/png", maximumTokens: tokens).content
                )
            }
            let together = try await withThrowingTaskGroup(of: (Int, String).self) { group in
                for (index, (text, image, tokens)) in questions.enumerated() {
                    group.addTask {
                        let answer = try await http.ask(
                            text,
                            image: image,
                            mediaType: "image/png",
                            maximumTokens: tokens
                        )
                        return (index, answer.content)
                    }
                }
                var answers = [String](repeating: "", count: questions.count)
                for try await (index, text) in group { answers[index] = text }
                return answers
            }
            #expect(alone == together)
            #expect(Set(alone).count > 3)
        }
    }
}
