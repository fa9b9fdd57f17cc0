/// Makes the text of each request: the same random words, in another order for each request.
///
/// A tokenizer that splits at spaces gives all of them the same number of tokens, give or take one for the first word;
/// and as they begin differently, a server that keeps prompts gains nothing from them.
package struct PromptMaker: Sendable {
    private let seed: UInt64

    /// A maker whose texts follow from `seed`.
    package init(seed: UInt64) {
        self.seed = seed
    }

    /// So many words, at least one, with a space between two, for the request of this number.
    ///
    /// More words are the fewer ones and some others, so that tokens grow as steadily as they can.
    package func text(words: Int, request: Int) -> String {
        var generator = SplitMix64(seed: seed)
        let choices = PromptWords.all
        var text = (0..<max(1, words)).map { _ in choices[Int(generator.next() % UInt64(choices.count))] }
        // The number goes through a generator once: neighbouring numbers must not give shifted copies of one order.
        var numbers = SplitMix64(seed: UInt64(truncatingIfNeeded: request))
        var order = SplitMix64(seed: seed ^ numbers.next())
        for last in text.indices.dropFirst().reversed() {
            text.swapAt(last, Int(order.next() % UInt64(last + 1)))
        }
        return text.joined(separator: " ")
    }
}
