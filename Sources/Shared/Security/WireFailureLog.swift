package import Logging
package import Metrics
internal import Synchronization

/// Counts what the wire refused, and tells it now and then: a stranger can fill neither the log nor the metrics.
///
/// It is told a reason out of a fixed set and nothing of what was sent.
package final class WireFailureLog: Sendable {
    /// The counter, by reason.
    package static let metric = "medmoe_wire_auth_failures_total"
    /// What the counter means.
    package static let help = "Connections and messages that the wire's authentication refused, by reason."

    private struct Silence {
        var until: ContinuousClock.Instant
        var suppressed = 0
    }

    private let factory: any MetricsFactory
    private let logger: Logger
    private let interval: Duration
    private let silences = Mutex<[String: Silence]>([:])

    /// Makes a log that writes at most one line of a reason in an interval.
    package init(factory: any MetricsFactory, logger: Logger, interval: Duration = .seconds(10)) {
        self.factory = factory
        self.logger = logger
        self.interval = interval
    }

    /// Makes the counters, so that a scraper sees them at 0 before anything happens.
    package func prepare(_ reasons: [String]) {
        for reason in reasons { counter(reason).increment(by: 0) }
    }

    /// Something was refused for a reason, explained by a sentence that holds no content.
    package func record(_ reason: String, _ sentence: String, now: ContinuousClock.Instant = .now) {
        counter(reason).increment()
        let suppressed: Int? = silences.withLock { silences in
            if let silence = silences[reason], now < silence.until {
                silences[reason]?.suppressed += 1
                return nil
            }
            let before = silences[reason]?.suppressed ?? 0
            silences[reason] = Silence(until: now + interval)
            return before
        }
        guard let suppressed else { return }
        logger.warning("\(sentence)", metadata: ["reason": "\(reason)", "unlogged": "\(suppressed)"])
    }

    private func counter(_ reason: String) -> Counter {
        Counter(label: Self.metric, dimensions: [("reason", reason)], factory: factory)
    }
}
