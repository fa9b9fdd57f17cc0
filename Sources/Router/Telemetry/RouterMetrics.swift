package import Metrics
package import Shared

/// Every instrument of the router; nobody else makes one.
///
/// Labels have few values and never hold content or request ids.
package struct RouterMetrics: Sendable {
    private let factory: any MetricsFactory
    private let dispatches = DispatchInstruments()
    private let expertRows: ExpertRowCounts
    private let running: Gauge
    private let waiting: Gauge
    private let cached: Gauge
    private let kept: Gauge
    private let prefixQueries: Counter
    private let prefixHits: Counter
    private let prefixEvictions: Counter
    private let imagesEncoded: Counter
    private let promptTokens: Counter
    private let generationTokens: Counter
    private let timeToFirstToken: Timer
    private let queueTime: Timer
    private let endToEnd: Timer
    private let stepTime: Timer
    private let stepRows: Counter

    /// Makes the instruments in a registry.
    package init(factory: any MetricsFactory) {
        self.factory = factory
        expertRows = ExpertRowCounts(factory: factory)
        running = Gauge(label: "medmoe_num_requests_running", factory: factory)
        waiting = Gauge(label: "medmoe_num_requests_waiting", factory: factory)
        cached = Gauge(label: "medmoe_kv_cache_positions", factory: factory)
        kept = Gauge(label: "medmoe_prefix_cache_positions", factory: factory)
        prefixQueries = Counter(label: "medmoe_prefix_cache_queries_total", factory: factory)
        prefixHits = Counter(label: "medmoe_prefix_cache_hits_total", factory: factory)
        prefixEvictions = Counter(label: "medmoe_prefix_cache_evictions_total", factory: factory)
        imagesEncoded = Counter(label: "medmoe_images_encoded_total", factory: factory)
        promptTokens = Counter(label: "medmoe_prompt_tokens_total", factory: factory)
        generationTokens = Counter(label: "medmoe_generation_tokens_total", factory: factory)
        timeToFirstToken = Timer(label: "medmoe_time_to_first_token_seconds", factory: factory)
        queueTime = Timer(label: "medmoe_request_queue_time_seconds", factory: factory)
        endToEnd = Timer(label: "medmoe_e2e_request_latency_seconds", factory: factory)
        stepTime = Timer(label: "medmoe_step_seconds", factory: factory)
        stepRows = Counter(label: "medmoe_step_rows_total", factory: factory)
    }

    /// How full the engine is.
    func record(_ load: EngineLoad) {
        running.record(load.running)
        waiting.record(load.waiting)
        cached.record(load.cached)
    }

    /// Key/value cache positions that there are.
    func record(cacheCapacity positions: Int) {
        Gauge(label: "medmoe_kv_cache_capacity_positions", factory: factory).record(positions)
    }

    /// Key/value cache positions that are kept for prompts to come, those in use among them.
    func record(keptPositions positions: Int) { kept.record(positions) }

    /// A prompt was looked up: how many of its positions were known.
    func recordPrefix(queried: Int, hit: Int) {
        prefixQueries.increment(by: queried)
        prefixHits.increment(by: hit)
    }

    /// A kept block was given up for another.
    func recordPrefixEviction() { prefixEvictions.increment() }

    /// The vision tower encoded a picture.
    func recordImageEncoded() { imagesEncoded.increment() }

    /// One pass through the model.
    func recordStep(rows: Int, duration: Duration) {
        stepRows.increment(by: rows)
        stepTime.recordNanoseconds(duration.nanoseconds)
    }

    /// A query's first token.
    func recordFirstToken(_ timings: GenerationTimings, promptTokens count: Int) {
        promptTokens.increment(by: count)
        timeToFirstToken.recordNanoseconds(timings.timeToFirstToken.nanoseconds)
        queueTime.recordNanoseconds(timings.queued.nanoseconds)
    }

    /// A complete answer.
    func recordFinished(_ timings: GenerationTimings, tokens: Int) {
        generationTokens.increment(by: tokens)
        endToEnd.recordNanoseconds(timings.total.nanoseconds)
    }

    /// How a request over the query API ended: `stop`, `length`, `cancelled` or an error's code.
    package func recordRequest(outcome: String) {
        Counter(label: "medmoe_requests_total", dimensions: [("outcome", outcome)], factory: factory).increment()
    }

    /// A node's answer to one dispatch.
    func recordDispatch(node: NodeID, rows: Int, bytes: Int, duration: Duration) {
        let instruments = dispatches.instruments(of: node, factory: factory)
        instruments.time.recordNanoseconds(duration.nanoseconds)
        instruments.rows.increment(by: rows)
        instruments.bytes.increment(by: bytes)
    }

    /// A dispatch that ended without a usable answer.
    func recordDispatchFailure(node: String, reason: String) {
        let labels = [("node", node), ("reason", reason)]
        Counter(label: "medmoe_dispatch_failures_total", dimensions: labels, factory: factory).increment()
    }

    /// Rows that went to another replica, or to the same again, because of this.
    func recordRetry(reason: String) {
        Counter(label: "medmoe_dispatch_retries_total", dimensions: [("reason", reason)], factory: factory).increment()
    }

    /// Another replica was asked for what this node is slow with.
    func recordHedge(node: NodeID) {
        let labels = [("node", node.rawValue)]
        Counter(label: "medmoe_dispatch_hedges_total", dimensions: labels, factory: factory).increment()
    }

    /// A query's step has to be computed again once an expert is back.
    func recordParked() { Counter(label: "medmoe_parked_steps_total", factory: factory).increment() }

    /// An answer was made while an expert was missing.
    package func recordDegraded() { Counter(label: "medmoe_degraded_answers_total", factory: factory).increment() }

    /// A reply that nobody waits for any more, or that was not a message.
    func recordDroppedReply(reason: String) {
        Counter(label: "medmoe_dropped_replies_total", dimensions: [("reason", reason)], factory: factory).increment()
    }

    /// A link that went up or down.
    func recordLink(node: String, change: String) {
        let labels = [("node", node), ("change", change)]
        Counter(label: "medmoe_link_changes_total", dimensions: labels, factory: factory).increment()
    }

    /// Rows that the gates sent to each expert, and that meta experts saw.
    func recordRouted(_ rows: [ExpertID: Int]) { expertRows.add(rows) }

    /// The rows of each expert since the start.
    package var routedRows: [ExpertID: Int] { expertRows.rows }
}
