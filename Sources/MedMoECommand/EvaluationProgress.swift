internal import Foundation
internal import Shared

/// How far an evaluation is, on one line of a terminal.
struct EvaluationProgress {
    private let total: Int
    private var done: Int
    private var failed = 0
    private var asked = 0
    private let start = ContinuousClock.now
    private var line = ProgressLine()

    init(total: Int, done: Int) {
        self.total = total
        self.done = done
    }

    mutating func note(isAnswered: Bool) {
        asked += 1
        if isAnswered { done += 1 } else { failed += 1 }
        line.show(text)
    }

    mutating func finish() {
        if asked > 0 { line.end(with: text) }
    }

    private var text: String {
        let rate = String(format: "%.1f", Double(asked) / max(start.duration(to: .now).seconds, 0.001))
        let failures = failed > 0 ? ", \(failed) failed" : ""
        return "\(done) of \(total) records answered\(failures), \(rate) a second"
    }
}
