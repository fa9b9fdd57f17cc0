internal import Metrics
internal import Synchronization

/// The numbers of one metric under one set of labels.
protocol PrometheusSeries: AnyObject, Sendable {
    /// The sample lines of the series.
    func render(_ name: String, _ labels: String) -> String
}

/// A number that only grows, counted in whole steps or fractions.
final class PrometheusCounter: PrometheusSeries, CounterHandler, FloatingPointCounterHandler {
    private let value = Mutex(0.0)

    func increment(by amount: Int64) {
        increment(by: Double(amount))
    }

    func increment(by amount: Double) {
        // A counter that falls is a restart to a scraper, and one that is not a number stays so.
        guard amount >= 0, amount.isFinite else { return }
        value.withLock { $0 += amount }
    }

    func reset() {
        value.withLock { $0 = 0 }
    }

    func render(_ name: String, _ labels: String) -> String {
        PrometheusText.sample(name, labels, value.withLock { $0 })
    }
}

/// A number that goes up and down; the last one recorded counts.
final class PrometheusGauge: PrometheusSeries, MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }

    func render(_ name: String, _ labels: String) -> String {
        PrometheusText.sample(name, labels, value.withLock { $0 })
    }
}

/// How often values fell into which range; a timer's are in seconds.
final class PrometheusHistogram: PrometheusSeries, TimerHandler, RecorderHandler {
    private struct State {
        var counts: [UInt64]
        var sum = 0.0
    }

    private let buckets: HistogramBuckets
    private let state: Mutex<State>

    init(buckets: HistogramBuckets) {
        self.buckets = buckets
        state = Mutex(State(counts: Array(repeating: 0, count: buckets.bounds.count + 1)))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        // One value that is not a number would spoil the sum for good.
        guard value.isFinite else { return }
        let index = buckets.index(of: value)
        state.withLock {
            $0.counts[index] += 1
            $0.sum += value
        }
    }

    func render(_ name: String, _ labels: String) -> String {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        let prefix = labels.isEmpty ? "" : labels + ","
        var text = ""
        var total: UInt64 = 0
        for (index, count) in counts.enumerated() {
            total += count
            let bound = index < buckets.bounds.count ? buckets.bounds[index] : .infinity
            let labels = "\(prefix)le=\"\(PrometheusText.number(bound))\""
            text += PrometheusText.sample(name + "_bucket", labels, Double(total))
        }
        text += PrometheusText.sample(name + "_sum", labels, sum)
        text += PrometheusText.sample(name + "_count", labels, Double(total))
        return text
    }
}
