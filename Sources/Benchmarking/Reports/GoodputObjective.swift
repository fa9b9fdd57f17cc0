/// A time that a request has to keep so as to count as a good one.
package struct GoodputObjective: Sendable, Equatable {
    /// What can have a limit.
    package enum Metric: String, Sendable, CaseIterable {
        /// The time to the first token.
        case ttft
        /// The time for each token after the first.
        case tpot
        /// The time to the end of the answer.
        case e2el
    }

    /// What is limited.
    package let metric: Metric
    /// The most it may be, in milliseconds.
    package let milliseconds: Double

    /// Reads `ttft:500`; nil for an unknown name or a limit that is not above 0.
    package init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let metric = Metric(rawValue: String(parts[0])), let limit = Double(parts[1]),
            limit.isFinite, limit > 0
        else { return nil }
        self.metric = metric
        milliseconds = limit
    }

    /// Whether a request keeps it.
    ///
    /// An answer of one token has no time between tokens, and keeps any limit of that.
    package func isMet(by sample: RequestSample) -> Bool {
        let seconds =
            switch metric {
            case .ttft: sample.timeToFirstToken
            case .tpot: sample.timePerOutputToken ?? 0
            case .e2el: sample.endToEnd
            }
        return seconds * 1000 <= milliseconds
    }
}
