/// Means over the answers of one group, in percent; nil where the group has none of a kind.
package struct ScoreSummary: Sendable, Equatable {
    /// Means over closed answers.
    package struct Closed: Sendable, Equatable {
        /// Answers whose expected text occurs in them.
        package var accuracy: Double
        /// Recall of words.
        package var recall: Double
        /// Precision of words.
        package var precision: Double
        /// F1 of words.
        package var f1: Double
    }

    /// Means over open answers.
    package struct Open: Sendable, Equatable {
        /// Recall of words: the published "open" figure.
        package var recall: Double
        /// Precision of words.
        package var precision: Double
        /// F1 of words.
        package var f1: Double
        /// Distinct expected words over given words.
        package var exactMatch: Double
        /// BLEU of single words.
        package var bleu1: Double
        /// BLEU of pairs.
        package var bleu2: Double
        /// BLEU of triples.
        package var bleu3: Double
    }

    /// Number of closed answers.
    package let closedCount: Int
    /// Number of open answers.
    package let openCount: Int
    /// Closed figures, nil without closed answers.
    package let closed: Closed?
    /// Open figures, nil without open answers.
    package let open: Open?

    /// The means over some answers.
    package init(_ scores: [AnswerScore]) {
        let (closed, open) = (scores.filter { $0.kind == .closed }, scores.filter { $0.kind == .open })
        closedCount = closed.count
        openCount = open.count
        self.closed =
            closed.isEmpty
            ? nil
            : Closed(
                accuracy: Self.percent(closed.map(\.accuracy)),
                recall: Self.percent(closed.map(\.overlap.recall)),
                precision: Self.percent(closed.map(\.overlap.precision)),
                f1: Self.percent(closed.map(\.overlap.f1)),
            )
        self.open =
            open.isEmpty
            ? nil
            : Open(
                recall: Self.percent(open.map(\.overlap.recall)),
                precision: Self.percent(open.map(\.overlap.precision)),
                f1: Self.percent(open.map(\.overlap.f1)),
                exactMatch: Self.percent(open.map(\.overlap.exactMatch)),
                bleu1: Self.percent(open.map { $0.bleu[0] }),
                bleu2: Self.percent(open.map { $0.bleu[1] }),
                bleu3: Self.percent(open.map { $0.bleu[2] }),
            )
    }

    private static func percent(_ shares: [Double]) -> Double {
        shares.reduce(0, +) / Double(shares.count) * 100
    }
}
