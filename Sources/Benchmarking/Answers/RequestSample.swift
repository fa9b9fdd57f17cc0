/// The times and tokens of one request that was answered completely.
///
/// Times are in seconds.
package struct RequestSample: Sendable, Equatable {
    /// From sending to the first streamed output (TTFT).
    package var timeToFirstToken: Double
    /// Between each streamed output and the one before (ITL).
    package var gaps: [Double]
    /// From sending to the event with the reason of the end (E2EL).
    package var endToEnd: Double
    /// Tokens of prompt and answer, as the server counts them.
    package var usage: AnswerEvent.Usage

    /// Notes the times of a request.
    package init(timeToFirstToken: Double, gaps: [Double], endToEnd: Double, usage: AnswerEvent.Usage) {
        self.timeToFirstToken = timeToFirstToken
        self.gaps = gaps
        self.endToEnd = endToEnd
        self.usage = usage
    }

    /// Time for each token after the first (TPOT); nil for an answer of fewer than two.
    package var timePerOutputToken: Double? {
        guard usage.completionTokens > 1 else { return nil }
        return (endToEnd - timeToFirstToken) / Double(usage.completionTokens - 1)
    }
}
