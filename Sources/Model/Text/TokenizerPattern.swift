/// A rule by which text is cut into the words inside which byte pairs are merged.
package enum TokenizerPattern: String, Sendable, CaseIterable {
    /// The rule that GPT-2 set: numbers stay together. The published Med-MoE models were trained with it.
    case gpt2
    /// The rule of the Arcade tokenizer that came with StableLM-2: every digit is a word, line ends stand apart, and
    /// text is composed (NFC) first.
    case arcade
    /// As `arcade`, but with up to three digits in a word and no composing.
    case cl100k
    /// No rule: all text between added tokens is one word.
    case whole

    /// Those that an operator may choose between.
    package static let choices: [TokenizerPattern] = [.gpt2, .arcade]
}
