internal import Shared

/// What came of the questions of a load.
package struct LoadTally: Sendable {
    /// Questions that ended one way or the other.
    package private(set) var requests = 0
    /// Those without an answer, of which the caller was told.
    package private(set) var failed = 0
    /// Answers that say that an expert was missing.
    package private(set) var degraded = 0
    /// Answers that pass for whole and are not those of one process.
    package private(set) var wrong = 0
    /// Questions of which nothing was heard beyond their deadline.
    package private(set) var hung = 0
    /// The longest time to the end of an answer.
    package private(set) var worst: Duration = .zero
    /// The longest time to a failure.
    package private(set) var worstFailure: Duration = .zero
    /// Failures by their code.
    package private(set) var codes: [String: Int] = [:]
    /// Waits for questions that were over before enough had ended, each a sentence without a full stop.
    package private(set) var shortfalls: [String] = []
    private var latencies: [Duration] = []

    /// Without questions.
    package init() {}

    /// Numbers that another run counted.
    init(requests: Int, failed: Int, degraded: Int, wrong: Int, hung: Int, worst: Duration) {
        self.requests = requests
        self.failed = failed
        self.degraded = degraded
        self.wrong = wrong
        self.hung = hung
        self.worst = worst
    }

    /// Whole answers that are right.
    package var right: Int { requests - failed - degraded - wrong - hung }

    /// Notes what came of one question.
    package mutating func note(
        _ result: Result<AnswerFingerprint, ChaosFailure>,
        expected: AnswerFingerprint,
        latency: Duration,
    ) {
        requests += 1
        switch result {
        case .success(let answer):
            worst = max(worst, latency)
            latencies.append(latency)
            if answer.isDegraded { degraded += 1 } else if !answer.matches(expected) { wrong += 1 }
        case .failure(.hung): hung += 1
        case .failure(.told(let code)), .failure(.broken(let code)):
            failed += 1
            worstFailure = max(worstFailure, latency)
            codes[code, default: 0] += 1
        }
    }

    /// Notes that fewer questions ended than were to be asked.
    package mutating func noteShortfall(_ sentence: String) { shortfalls.append(sentence) }

    /// Adds another load's.
    package mutating func add(_ other: LoadTally) {
        requests += other.requests
        failed += other.failed
        degraded += other.degraded
        wrong += other.wrong
        hung += other.hung
        worst = max(worst, other.worst)
        worstFailure = max(worstFailure, other.worstFailure)
        codes.merge(other.codes, uniquingKeysWith: +)
        shortfalls += other.shortfalls
        latencies += other.latencies
    }

    /// The latency within which so many of a hundred answers came; nil without answers.
    package func percentile(_ percent: Int) -> Duration? {
        let sorted = latencies.sorted()
        return sorted.isEmpty ? nil : sorted[min(sorted.count - 1, sorted.count * percent / 100)]
    }
}
