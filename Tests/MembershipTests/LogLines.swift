import Logging
import Synchronization

/// The lines that something logged.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }
    var warnings: [String] { all.filter { $0.hasPrefix("warning ") } }

    var logger: Logger { Logger(label: "test", factory: { _ in Handler(sink: self) }) }

    private struct Handler: LogHandler {
        let sink: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            sink.lines.withLock { $0.append("\(event.level) \(event.message)") }
        }
    }
}

/// The deadline of a condition passed.
struct NotInTime: Error {}

/// Waits for a condition, a long time at most: other tests of the process keep every thread busy for half a minute.
func eventually(_ isTrue: @Sendable () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while !isTrue() {
        guard deadline > .now else { throw NotInTime() }
        try await Task.sleep(for: .milliseconds(2))
    }
}
