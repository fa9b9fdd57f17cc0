package import Model

/// One prepared query for the engine: token ids, pixels and how to answer.
///
/// It holds content and is never logged.
package struct GenerationRequest: Sendable {
    /// Token ids of the prompt; each `PromptTokenizer.imageSentinel` stands for one picture.
    package var tokenIDs: [Int]
    /// Normalised pixels `(3, side, side)` of each picture, in the order of the sentinels.
    package var images: [[Float]]
    /// How tokens are drawn.
    package var sampling: SamplingParameters
    /// Tokens to generate at most.
    package var maximumTokens: Int
    /// Whether the answer goes on past the model's end token.
    package var ignoresEnd = false
    /// Texts that end the answer; they are not part of it.
    package var stop: [String]
    /// When the answer stops being useful.
    package var deadline: ContinuousClock.Instant
    /// Texts of which the likeliest is the answer, instead of a generated one; then `maximumTokens` is the longest's.
    package var choices: [Choice]

    /// What becomes of it when an expert is missing.
    package var onMissing = MissingExpertPolicies()

    /// Describes a query.
    package init(
        tokenIDs: [Int],
        images: [[Float]],
        sampling: SamplingParameters,
        maximumTokens: Int,
        stop: [String],
        deadline: ContinuousClock.Instant,
        choices: [Choice] = [],
    ) {
        self.tokenIDs = tokenIDs
        self.images = images
        self.sampling = sampling
        self.maximumTokens = maximumTokens
        self.stop = stop
        self.deadline = deadline
        self.choices = choices
    }
}
