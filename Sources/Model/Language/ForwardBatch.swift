package import Kernels
internal import Shared

/// The rows of one pass through the language model: runs of consecutive positions, each of one sequence.
package struct ForwardBatch {
    /// One sequence's part in the pass.
    package struct Run {
        /// The sequence's keys and values.
        package let cache: KVCache
        /// The position of its first row.
        package let position: Int
        /// Positions of the sequence in this pass.
        package let rowCount: Int
        /// Which routed experts the sequence may go on without.
        package let bears: LossTolerance

        /// Describes a run; without a position it follows what the cache holds.
        package init(cache: KVCache, position: Int? = nil, rowCount: Int, bears: LossTolerance = .none) {
            self.cache = cache
            self.position = position ?? cache.count
            self.rowCount = rowCount
            self.bears = bears
        }
    }

    /// The runs, whose rows stand one after another in the input.
    package let runs: [Run]
    /// When this pass stops being useful.
    package let deadline: ContinuousClock.Instant
    /// Time that the experts of one layer may take.
    package let expertTimeout: Duration

    /// Whether nobody wants the pass any more; asked between layers, and while experts are waited for.
    package let isAbandoned: () -> Bool

    /// Describes a pass.
    package init(
        runs: [Run],
        deadline: ContinuousClock.Instant,
        expertTimeout: Duration,
        isAbandoned: @escaping () -> Bool = { false },
    ) {
        self.runs = runs
        self.deadline = deadline
        self.expertTimeout = expertTimeout
        self.isAbandoned = isAbandoned
    }

    /// Rows in all.
    package var rowCount: Int { runs.reduce(0) { $0 + $1.rowCount } }
    /// The position of each row within its sequence.
    package var positions: [Int] { runs.flatMap { Array($0.position..<$0.position + $0.rowCount) } }

    /// Whether the sequence of a row may go on without a routed expert.
    func bears(row: Int, expert: Int) -> Bool {
        var first = 0
        for run in runs {
            if row < first + run.rowCount { return run.bears.contains(expert) }
            first += run.rowCount
        }
        return false
    }
}

/// The expert indices that a sequence may do without.
package struct LossTolerance: Sendable, Equatable {
    private let standard: Bool
    private let exceptions: Set<Int>

    /// Bears no loss.
    package static let none = LossTolerance(standard: false)

    /// Bears every loss, or none, but for the `exceptions`, which are the other way round.
    package init(standard: Bool, exceptions: Set<Int> = []) {
        self.standard = standard
        self.exceptions = exceptions
    }

    /// Whether it may do without the expert of this index.
    package func contains(_ index: Int) -> Bool { standard != exceptions.contains(index) }
}

/// Hears of a pass's inner values as they come to be: for traces, provenance and metrics.
package protocol ForwardObserver: AnyObject {
    /// The hidden states before layer `index`, or after the last one; `(rows, hiddenSize)`.
    func hiddenStates(_ index: Int, _ values: borrowing Tensor)
    /// A mixture layer's gate logits `(rows, experts)` and its choice.
    func routed(layer: Int, logits: borrowing Tensor, decision: RoutingDecision)
    /// A mixture layer's weighted routed output and its meta output, `(rows, hiddenSize)` each, and who made them.
    func combined(layer: Int, routed: borrowing Tensor, meta: borrowing Tensor, outcome: ExpertOutcome)
}

extension ForwardObserver {
    /// Not of interest by default.
    package func hiddenStates(_ index: Int, _ values: borrowing Tensor) {}
    /// Not of interest by default.
    package func routed(layer: Int, logits: borrowing Tensor, decision: RoutingDecision) {}
    /// Not of interest by default.
    package func combined(layer: Int, routed: borrowing Tensor, meta: borrowing Tensor, outcome: ExpertOutcome) {}
}
