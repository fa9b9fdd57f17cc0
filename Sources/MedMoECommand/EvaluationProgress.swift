internal import Foundation

/// One line on a terminal that says how far an evaluation is; nothing in a pipe.
struct EvaluationProgress {
    private let total: Int
    private var done: Int
    private var failed = 0
    private var asked = 0
    private let start = ContinuousClock.now
    private var shown = ContinuousClock.now
    private let isShown = isatty(STDERR_FILENO) == 1

    init(total: Int, done: Int) {
        self.total = total
        self.done = done
    }

    mutating func note(isAnswered: Bool) {
        asked += 1
        if isAnswered { done += 1 } else { failed += 1 }
        guard isShown, shown.duration(to: .now) > .milliseconds(200) else { return }
        shown = .now
        show(end: "")
    }

    func finish() {
        if isShown, asked > 0 { show(end: "\n") }
    }

    private func show(end: String) {
        let elapsed = start.duration(to: .now)
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        let rate = String(format: "%.1f", Double(asked) / max(seconds, 0.001))
        let failures = failed > 0 ? ", \(failed) failed" : ""
        let line = "\r\u{1B}[K\(done) of \(total) records answered\(failures), \(rate) a second\(end)"
        FileHandle.standardError.write(Data(line.utf8))
    }
}
