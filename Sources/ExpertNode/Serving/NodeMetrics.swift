package import Metrics
internal import Shared
internal import Synchronization

/// Every instrument of an expert node; nobody else makes one.
package final class NodeMetrics: Sendable {
    /// The instruments of one expert index, made once: each lookup costs more than what it counts.
    private struct ExpertInstruments: Sendable {
        let rows: Counter
        let batches: Counter
        let dispatches: Counter
        let computeTime: Timer

        init(_ slot: ExpertSlot, factory: any MetricsFactory) {
            let labels = [("expert", slot.description)]
            rows = Counter(label: "medmoe_node_rows_total", dimensions: labels, factory: factory)
            batches = Counter(label: "medmoe_node_batches_total", dimensions: labels, factory: factory)
            dispatches = Counter(label: "medmoe_node_batched_dispatches_total", dimensions: labels, factory: factory)
            computeTime = Timer(label: "medmoe_node_compute_seconds", dimensions: labels, factory: factory)
        }
    }

    private let factory: any MetricsFactory
    private let bySlot = Mutex<[ExpertSlot: ExpertInstruments]>([:])
    private let queuedRows: Gauge
    private let queuedBytes: Gauge
    private let queueWait: Timer
    private let cancelled: Counter
    private let orphaned: Counter
    private let canaryFailures: Counter

    /// Makes the instruments in a registry.
    package init(factory: any MetricsFactory) {
        self.factory = factory
        queuedRows = Gauge(label: "medmoe_node_queued_rows", factory: factory)
        queuedBytes = Gauge(label: "medmoe_node_queued_bytes", factory: factory)
        queueWait = Timer(label: "medmoe_node_queue_wait_seconds", factory: factory)
        cancelled = Counter(label: "medmoe_node_cancelled_total", factory: factory)
        orphaned = Counter(label: "medmoe_node_orphaned_total", factory: factory)
        canaryFailures = Counter(label: "medmoe_node_canary_failures_total", factory: factory)
    }

    /// How full the queue is.
    func record(queuedRows rows: Int, queuedBytes bytes: Int) {
        queuedRows.record(rows)
        queuedBytes.record(bytes)
    }

    /// One batch of rows through one expert.
    func recordBatch(expert: ExpertID, rows: Int, dispatches: Int, duration: Duration) {
        let instruments = bySlot.withLock { bySlot in
            if let known = bySlot[expert.slot] { return known }
            let made = ExpertInstruments(expert.slot, factory: factory)
            bySlot[expert.slot] = made
            return made
        }
        instruments.rows.increment(by: rows)
        instruments.batches.increment()
        instruments.dispatches.increment(by: dispatches)
        instruments.computeTime.recordNanoseconds(duration.nanoseconds)
    }

    /// How long a dispatch waited before its first row was computed.
    func recordQueueWait(_ duration: Duration) {
        queueWait.recordNanoseconds(duration.nanoseconds)
    }

    /// A message that was answered by a fault.
    func recordFault(_ reason: String) {
        Counter(label: "medmoe_node_faults_total", dimensions: [("reason", reason)], factory: factory).increment()
    }

    /// Dispatches whose router is gone.
    func recordOrphaned(_ count: Int) {
        orphaned.increment(by: count)
    }

    /// An expert that did not compute what it should.
    func recordCanaryFailure() {
        canaryFailures.increment()
    }

    /// A dispatch that the router took back.
    func recordCancelled() {
        cancelled.increment()
    }
}
