import Evaluation
import Foundation
import Testing

/// What the published evaluator makes of 53 answers, one by one and together.
struct ScorerCases: Decodable {
    struct Item: Decodable, Sendable, CustomTestStringConvertible {
        let prediction: String
        let gold: String
        let answer_type: String
        let scores: [String: Double]?

        var testDescription: String { "\(answer_type): \(gold.prefix(40)) / \(prediction.prefix(40))" }
    }

    let items: [Item]
    let whole_set: [String: Double]
    let n_open: Int
    let n_closed: Int

    static let all = Result {
        try JSONDecoder().decode(ScorerCases.self, from: Data(Fixture.read("scorer-cases.json")))
    }
    static var items: [Item] { get throws { try all.get().items } }
}

@Suite("Scorer cases of the published evaluator")
struct ScorerCasesTests {
    static let tolerance = 1e-9

    static func figures(_ summary: ScoreSummary) -> [String: Double] {
        var figures: [String: Double] = [:]
        if let closed = summary.closed {
            figures = [
                "closed_accuracy": closed.accuracy, "closed_f1": closed.f1, "closed_precision": closed.precision,
                "closed_recall": closed.recall,
            ]
        }
        if let open = summary.open {
            let own = [
                "ems": open.exactMatch, "f1": open.f1, "precision": open.precision, "recall": open.recall,
                "bleu1": open.bleu1, "bleu2": open.bleu2, "bleu3": open.bleu3,
            ]
            figures.merge(own) { first, _ in first }
        }
        return figures
    }

    static func expectEqual(_ own: [String: Double], _ published: [String: Double]) {
        #expect(Set(own.keys) == Set(published.keys))
        for (name, value) in published {
            let difference = abs((own[name] ?? .infinity) - value)
            #expect(difference <= tolerance, "\(name): \(own[name] ?? .nan) for \(value)")
        }
    }

    @Test("Each answer has the published figures", arguments: try ScorerCases.items)
    func item(item: ScorerCases.Item) {
        let kind = AnswerKind(spelling: item.answer_type)
        guard let published = item.scores else {
            #expect(kind == nil, "the published scorer passes over this type")
            return
        }
        guard let kind else {
            Issue.record("the published scorer counts this type")
            return
        }
        let score = AnswerScore(item.prediction, expected: item.gold, kind: kind)
        Self.expectEqual(Self.figures(ScoreSummary([score])), published)
    }

    @Test("All answers together have the published figures")
    func sum() throws {
        let cases = try ScorerCases.all.get()
        let scores = cases.items.compactMap { item in
            AnswerKind(spelling: item.answer_type).map {
                AnswerScore(item.prediction, expected: item.gold, kind: $0)
            }
        }
        let summary = ScoreSummary(scores)
        #expect(cases.items.count == 53)
        #expect(summary.openCount == cases.n_open)
        #expect(summary.closedCount == cases.n_closed)
        Self.expectEqual(Self.figures(summary), cases.whole_set)
    }
}
