import Foundation
import Testing

/// The 60 answers that the model's makers wrote down, over real pictures that only some checkouts have.
@Suite(.serialized) struct ExpectedAnswersTests {
    struct Expected: Decodable {
        struct Item: Decodable {
            var id: String
            var image: String
            var question: String
            var answer: String
        }

        var items: [Item]
    }

    static func ask(_ http: HTTP) async throws {
        guard let data = Checkout.shared?.appending(path: "data/medvqa-mini") else { return }
        let file = Checkout.root.appending(path: "models/medmoe-nano/expected.json")
        let expected = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: file))
        #expect(expected.items.count == 60)
        for item in expected.items {
            let image = try Data(contentsOf: data.appending(path: item.image))
            let answer = try await http.ask(item.question, image: image)
            #expect(answer.content == item.answer, "\(item.id)")
        }
    }

    @Test("One process gives the 60 expected answers")
    func oneProcess() async throws {
        guard Checkout.shared != nil else {
            return Checkout.sayNotRun("the 60 expected answers, one process", needs: "the pictures of medvqa-mini")
        }
        try await TestCluster.withServer { try await Self.ask($0) }
    }

    @Test("A cluster of processes gives the 60 expected answers")
    func cluster() async throws {
        guard Checkout.shared != nil else {
            return Checkout.sayNotRun("the 60 expected answers, a cluster", needs: "the pictures of medvqa-mini")
        }
        try await TestCluster.with { _, http in try await Self.ask(http) }
    }
}
