/// How many words make a prompt of a wanted number of tokens, learnt from two prompts that the server counted.
///
/// The line through both: what stands around the words (template, pictures) is its height, tokens a word its slope.
package struct PromptFit: Sendable, Equatable {
    /// A prompt that the server has counted.
    package struct Probe: Sendable, Equatable {
        /// Words that were sent.
        package var words: Int
        /// Prompt tokens that the server reported, template and pictures included.
        package var tokens: Int

        /// Notes a count.
        package init(words: Int, tokens: Int) {
            self.words = words
            self.tokens = tokens
        }
    }

    /// Tokens of a prompt without words.
    package let tokensAround: Double
    /// Tokens a word, in the mean; above 0.
    package let tokensPerWord: Double

    /// Words of the first prompt to have counted.
    package static let firstProbeWords = 16

    /// Words of the second prompt: near the wanted length, and below it, as what stands around is taken for words too.
    package static func secondProbeWords(after first: Probe, target: Int) -> Int {
        let scale = Double(target) / Double(max(1, first.tokens))
        return max(2 * first.words, Int(Double(first.words) * scale))
    }

    /// The line through two counts; nil when more words gave no more tokens.
    package init?(_ first: Probe, _ second: Probe) {
        guard second.words > first.words, second.tokens > first.tokens else { return nil }
        tokensPerWord = Double(second.tokens - first.tokens) / Double(second.words - first.words)
        tokensAround = Double(first.tokens) - tokensPerWord * Double(first.words)
    }

    /// Words for a prompt of about `target` tokens; at least one.
    package func words(for target: Int) -> Int {
        max(1, Int(((Double(target) - tokensAround) / tokensPerWord).rounded()))
    }

    /// Tokens of the shortest prompt: one word and what stands around it.
    package var leastTokens: Int {
        Int((tokensAround + tokensPerWord).rounded(.up))
    }
}
