/// What happens to a query, in order: any number of `text`, then exactly one of the others.
package enum GenerationEvent: Sendable {
    /// More of the answer; never half a character, may be empty for a token that shows nothing yet.
    case text(String)
    /// What follows is made while an expert is missing, and the answer will be marked; at most once.
    case degraded
    /// The answer is complete.
    case finished(GenerationSummary)
    /// The answer cannot be completed; what was streamed so far is all there is.
    case failed(QueryError)
}

/// How a complete answer came about.
package struct GenerationSummary: Sendable {
    /// Why the answer ended.
    package enum FinishReason: String, Sendable {
        /// The model ended it, or a stop text was met.
        case stop
        /// It reached the most tokens allowed.
        case length
    }

    /// Why the answer ended.
    package var finishReason: FinishReason
    /// Positions of the prompt, each picture counted with all its patches.
    package var promptTokens: Int
    /// Positions of the prompt that pictures took.
    package var imageTokens: Int
    /// Tokens generated, the end token included.
    package var completionTokens: Int
    /// The generated ids, the end token included.
    package var tokenIDs: [Int]
    /// Which experts made the answer.
    package var provenance: RoutingTally
    /// Positions of the prompt that were known from an earlier query.
    package var cachedTokens: Int
    /// Times of the stages.
    package var timings: GenerationTimings
    /// What each choice was worth; empty for a generated answer.
    package var choices: [ChoiceScore]

    /// Describes a complete answer.
    package init(
        finishReason: FinishReason,
        promptTokens: Int,
        imageTokens: Int,
        completionTokens: Int,
        tokenIDs: [Int],
        provenance: RoutingTally,
        cachedTokens: Int = 0,
        timings: GenerationTimings,
        choices: [ChoiceScore] = [],
    ) {
        self.finishReason = finishReason
        self.promptTokens = promptTokens
        self.imageTokens = imageTokens
        self.completionTokens = completionTokens
        self.tokenIDs = tokenIDs
        self.provenance = provenance
        self.cachedTokens = cachedTokens
        self.timings = timings
        self.choices = choices
    }
}

/// How long the stages of one answer took.
package struct GenerationTimings: Sendable {
    /// From submission to admission.
    package var queued: Duration = .zero
    /// From submission to the first token.
    package var timeToFirstToken: Duration = .zero
    /// From submission to the end.
    package var total: Duration = .zero

    /// Starts at zero.
    package init() {}
}
