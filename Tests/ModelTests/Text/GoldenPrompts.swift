/// The parts of a golden `cases.json` that concern text.
struct GoldenPrompts: Decodable, Sendable {
    struct Item: Decodable, Sendable {
        var name: String
        /// Question and, but for the last, answer; nil for a prompt without a template.
        var turns: [[String?]]?
        var prompt: String
        var inputIDs: [Int]
        var greedyIDs: [Int]
        var greedyText: String

        private enum CodingKeys: String, CodingKey {
            case name, turns, prompt
            case inputIDs = "input_ids"
            case greedyIDs = "greedy_ids"
            case greedyText = "greedy_text"
        }
    }

    var cases: [Item]
}

/// The parts of the small model's `expected.json` that concern text.
struct ExpectedAnswers: Decodable, Sendable {
    struct Item: Decodable, Sendable {
        var id: String
        var question: String
        var prompt: String
        var inputIDs: [Int]
        var answer: String
        var answerIDs: [Int]

        private enum CodingKeys: String, CodingKey {
            case id, question, prompt, answer
            case inputIDs = "input_ids"
            case answerIDs = "answer_ids"
        }
    }

    var items: [Item]
}
