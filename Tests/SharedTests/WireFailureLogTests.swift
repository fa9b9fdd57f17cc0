import Logging
import Shared
import Synchronization
import Testing

@Suite("What the wire refused, counted and told")
struct WireFailureLogTests {
    /// Keeps what is logged.
    final class Lines: LogHandler, Sendable {
        let lines = Mutex<[String]>([])
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { nil }
            set {}
        }
        var metadata: Logger.Metadata {
            get { [:] }
            set {}
        }
        var logLevel: Logger.Level {
            get { .trace }
            set {}
        }
        func log(event: LogEvent) {
            let unlogged = event.metadata?["unlogged"].map { "\($0)" } ?? "-"
            lines.withLock { $0.append("\(event.message) \(unlogged)") }
        }
    }

    @Test("Every refusal is counted, one line of a reason is written in an interval, and says how many were not")
    func limited() {
        let (registry, lines) = (PrometheusRegistry(), Lines())
        let log = WireFailureLog(factory: registry, logger: Logger(label: "test", factory: { _ in lines }))
        log.prepare(["denied", "replay"])
        #expect(registry.render().contains("\(WireFailureLog.metric){reason=\"replay\"} 0"))
        let start = ContinuousClock.now
        for second in 0..<15 { log.record("denied", "A peer was not let in.", now: start + .seconds(second)) }
        log.record("replay", "Twice.", now: start + .seconds(1))
        #expect(registry.render().contains("\(WireFailureLog.metric){reason=\"denied\"} 15"))
        #expect(registry.render().contains("\(WireFailureLog.metric){reason=\"replay\"} 1"))
        #expect(
            lines.lines.withLock { $0 } == ["A peer was not let in. 0", "A peer was not let in. 9", "Twice. 0"]
        )
    }
}
