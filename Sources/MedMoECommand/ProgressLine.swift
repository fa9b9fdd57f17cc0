internal import Foundation

/// One line on the terminal that says how far long work is; silent when standard error is no terminal.
struct ProgressLine {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var shown = ""
    private var lastTime = ContinuousClock.now - .seconds(1)

    /// Shows a text in place of the one before, at most ten times a second.
    mutating func show(_ text: String) {
        guard isTerminal, text != shown, lastTime.duration(to: .now) > .milliseconds(100) else { return }
        lastTime = .now
        shown = text
        FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
    }

    /// Leaves a last text behind, on a line of its own.
    mutating func end(with text: String) {
        guard isTerminal else { return }
        shown = ""
        FileHandle.standardError.write(Data("\r\u{1B}[K\(text)\n".utf8))
    }

    /// Takes the line away.
    mutating func clear() {
        guard isTerminal, !shown.isEmpty else { return }
        shown = ""
        FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
    }
}
