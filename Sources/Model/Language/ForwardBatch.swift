package import Kernels
package import Shared

/// The rows of one pass through the language model: runs of consecutive positions, each of one sequence.
package struct ForwardBatch {
    /// One sequence's part in the pass.
    package struct Run {
        /// The sequence's keys and values; the run's positions follow those already there.
        package let cache: KVCache
        /// Positions of the sequence in this pass.
        package let rowCount: Int

        /// Describes a run.
        package init(cache: KVCache, rowCount: Int) {
            self.cache = cache
            self.rowCount = rowCount
        }
    }

    /// The runs, whose rows stand one after another in the input.
    package let runs: [Run]
    /// When this pass stops being useful.
    package let deadline: ContinuousClock.Instant
    /// Time that the experts of one layer may take.
    package let expertTimeout: Duration

    /// Describes a pass.
    package init(runs: [Run], deadline: ContinuousClock.Instant, expertTimeout: Duration) {
        self.runs = runs
        self.deadline = deadline
        self.expertTimeout = expertTimeout
    }

    /// Rows in all.
    package var rowCount: Int { runs.reduce(0) { $0 + $1.rowCount } }
    /// The position of each row within its sequence.
    package var positions: [Int] { runs.flatMap { Array($0.cache.count..<$0.cache.count + $0.rowCount) } }
}

/// Hears of a pass's inner values as they come to be: for traces, provenance and metrics.
package protocol ForwardObserver: AnyObject {
    /// The hidden states before layer `index`, or after the last one; `(rows, hiddenSize)`.
    func hiddenStates(_ index: Int, _ values: borrowing Tensor)
    /// A mixture layer's gate logits `(rows, experts)` and its choice.
    func routed(layer: Int, logits: borrowing Tensor, decision: RoutingDecision)
    /// A mixture layer's weighted routed output and its meta output, `(rows, hiddenSize)` each, and who made them.
    func combined(
        layer: Int,
        routed: borrowing Tensor,
        meta: borrowing Tensor,
        sources: [ExpertID: ExpertSource],
    )
}

extension ForwardObserver {
    /// Not of interest by default.
    package func hiddenStates(_ index: Int, _ values: borrowing Tensor) {}
    /// Not of interest by default.
    package func routed(layer: Int, logits: borrowing Tensor, decision: RoutingDecision) {}
    /// Not of interest by default.
    package func combined(
        layer: Int,
        routed: borrowing Tensor,
        meta: borrowing Tensor,
        sources: [ExpertID: ExpertSource],
    ) {}
}
