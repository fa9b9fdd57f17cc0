/// What one answer is worth, each figure 0 to 1.
package struct AnswerScore: Sendable, Equatable {
    /// How the answer was scored.
    package let kind: AnswerKind
    /// Whether the expected text occurs in the given one, letter case aside: 1 or 0.
    package let accuracy: Double
    /// The common words.
    package let overlap: WordOverlap
    /// BLEU of single words, pairs and triples, on words as they stand.
    package let bleu: [Double]

    /// Scores an answer against the expected one by the rules of the published evaluator.
    package init(_ answer: String, expected: String, kind: AnswerKind) {
        let given = PythonText.lowercased(answer.unicodeScalars)
        let wanted = PythonText.lowercased(expected.unicodeScalars)
        self.kind = kind
        // Nothing more is asked: "normal" contains "no", and an empty expected text is in every answer.
        accuracy = PythonText.contains(given, wanted) ? 1 : 0
        overlap = WordOverlap(AnswerNormalizer.words(given), expected: AnswerNormalizer.words(wanted))
        let (words, reference) = (PythonText.words(given), PythonText.words(wanted))
        bleu = kind == .open ? (1...3).map { BLEU.score(words, reference: reference, order: $0) } : []
    }
}
