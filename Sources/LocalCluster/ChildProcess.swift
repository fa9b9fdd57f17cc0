internal import Foundation
internal import Synchronization

/// One child process with its log file, whose life is tied to ours.
///
/// The child's standard input is a pipe that we hold open: when this process ends, however it ends, the pipe closes and
/// the child (started with `--exit-with-stdin`) shuts down.
package final class ChildProcess: Sendable {
    /// The name under which people know it.
    package let name: String
    /// Its log.
    package let logPath: String
    private let process: ThreadSafeProcess
    private let lifeline: Pipe

    /// Starts a program; its output goes to the end of the log file.
    ///
    /// - Throws: `LocalClusterError` when the program or the log cannot be opened.
    package init(
        name: String,
        executable: String,
        arguments: [String],
        environment: [String: String],
        logPath: String,
    ) throws(LocalClusterError) {
        self.name = name
        self.logPath = logPath
        let manager = FileManager.default
        if !manager.fileExists(atPath: logPath) { _ = manager.createFile(atPath: logPath, contents: nil) }
        guard let log = FileHandle(forWritingAtPath: logPath) else {
            throw LocalClusterError("The log file \(logPath) cannot be written; choose another --logs folder.")
        }
        log.seekToEndOfFile()
        let process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments + ["--exit-with-stdin"]
        process.environment = environment
        process.standardOutput = log
        process.standardError = log
        let lifeline = Pipe()
        process.standardInput = lifeline
        do {
            try process.run()
        } catch {
            throw LocalClusterError("The program \(executable) cannot be started: \(error.localizedDescription)")
        }
        self.lifeline = lifeline
        self.process = ThreadSafeProcess(process)
    }

    /// The process id.
    package var processID: Int32 { process.value.processIdentifier }
    /// Whether it still runs.
    package var isRunning: Bool { process.value.isRunning }
    /// Its exit status, or the signal that ended it as a negative number; nil while it runs.
    package var exitStatus: Int32? {
        guard !isRunning else { return nil }
        let status = process.value.terminationStatus
        return process.value.terminationReason == .uncaughtSignal ? -status : status
    }

    /// Asks it to end (SIGTERM).
    package func terminate() {
        if isRunning { process.value.terminate() }
    }

    /// Sends it a signal.
    package func signal(_ number: Int32) {
        if isRunning { kill(processID, number) }
    }

    /// Waits for its end on a thread of this call; false when the deadline passes first.
    package func waitForExit(until deadline: ContinuousClock.Instant) async -> Bool {
        while isRunning {
            guard deadline > .now else { return false }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return true
    }

    /// The last lines of its log.
    package func logTail(lines: Int = 20) -> String {
        let text = (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }
}

/// Foundation's `Process` may be asked for its state from any thread; it is only not declared so.
private final class ThreadSafeProcess: @unchecked Sendable {
    let value: Process
    init(_ value: Process) { self.value = value }
}
