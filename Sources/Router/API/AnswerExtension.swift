/// The `medmoe` object of a whole answer: what the request asked to be told, nothing else.
struct AnswerExtension: Encodable {
    /// One choice with its score.
    struct ScoredChoice: Encodable {
        var text: String
        var logLikelihood: Double
        var tokens: Int
        var normalized: Double

        enum CodingKeys: String, CodingKey {
            case text, tokens, normalized
            case logLikelihood = "log_likelihood"
        }

        init(_ score: ChoiceScore) {
            text = score.text
            logLikelihood = score.logLikelihood
            tokens = score.tokens
            normalized = score.normalized
        }
    }

    private enum CodingKeys: String, CodingKey {
        case choices
    }

    private let provenance: ProvenanceSummary?
    private let choices: [ScoredChoice]

    /// Nil when nothing was asked for.
    init?(provenance: ProvenanceSummary?, choices: [ChoiceScore]) {
        guard provenance != nil || !choices.isEmpty else { return nil }
        self.provenance = provenance
        self.choices = choices.map(ScoredChoice.init)
    }

    func encode(to encoder: any Encoder) throws {
        try provenance?.encode(to: encoder)
        guard !choices.isEmpty else { return }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(choices, forKey: .choices)
    }
}
