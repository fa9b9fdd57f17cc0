/// Collects what became of the requests of a benchmark.
package struct ServeSamples: Sendable {
    /// What a request has to keep so as to be good.
    package let objectives: [GoodputObjective]
    /// Requests that were answered completely.
    package private(set) var done = 0
    /// Those of them that keep every objective.
    package private(set) var good = 0
    /// The others, by kind.
    package private(set) var failures = FailureCounts()
    /// Prompt tokens of answered requests.
    package private(set) var promptTokens = 0
    /// Answer tokens of answered requests.
    package private(set) var completionTokens = 0
    /// Times to the first token.
    package private(set) var timeToFirstToken = LatencySamples()
    /// Times for each token after the first, one a request with two tokens or more.
    package private(set) var timePerOutputToken = LatencySamples()
    /// Gaps between outputs, of all requests.
    package private(set) var interTokenLatency = LatencySamples()
    /// Times to the end.
    package private(set) var endToEnd = LatencySamples()

    /// Nothing yet.
    package init(objectives: [GoodputObjective]) {
        self.objectives = objectives
    }

    /// Requests that are over.
    package var count: Int { done + failures.total }

    /// Adds what became of a request.
    package mutating func add(_ outcome: Result<RequestSample, FailureKind>) {
        switch outcome {
        case .failure(let kind): failures.add(kind)
        case .success(let sample):
            done += 1
            if objectives.allSatisfy({ $0.isMet(by: sample) }) { good += 1 }
            promptTokens += sample.usage.promptTokens
            completionTokens += sample.usage.completionTokens
            timeToFirstToken.add(seconds: sample.timeToFirstToken)
            if let time = sample.timePerOutputToken { timePerOutputToken.add(seconds: time) }
            for gap in sample.gaps { interTokenLatency.add(seconds: gap) }
            endToEnd.add(seconds: sample.endToEnd)
        }
    }
}
