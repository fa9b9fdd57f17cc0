/// A text that an answer is chosen among.
///
/// It holds content and is never logged.
package struct Choice: Sendable, Equatable {
    /// The text as the caller gave it.
    package var text: String
    /// Its token ids as the model would say them; at least one.
    package var tokenIDs: [Int]

    /// Describes a choice.
    package init(text: String, tokenIDs: [Int]) {
        self.text = text
        self.tokenIDs = tokenIDs
    }
}

/// How likely the model finds one choice after the prompt.
package struct ChoiceScore: Sendable, Equatable {
    /// The text as the caller gave it.
    package var text: String
    /// Its number of tokens.
    package var tokens: Int
    /// Sum of the natural logarithms of its tokens' probabilities.
    package var logLikelihood: Double

    /// Describes a score.
    package init(text: String, tokens: Int, logLikelihood: Double) {
        self.text = text
        self.tokens = tokens
        self.logLikelihood = logLikelihood
    }

    /// The mean over its tokens, so that long texts are not at a disadvantage: what choices are compared by.
    package var normalized: Double { logLikelihood / Double(tokens) }
}
