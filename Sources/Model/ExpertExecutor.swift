package import Kernels
package import Shared

/// The seam: "run these rows through these experts".
///
/// A decoder layer asks it and does not know whether the experts are in this process or behind a network; the answer
/// has the same bits either way. It is called on the compute thread, and several calls may be open at once: while one
/// waits for its experts, another's rows attend.
package protocol ExpertExecutor: AnyObject {
    /// Starts the rows of one mixture layer; what goes to other processes has left when it returns.
    func begin(_ call: borrowing ExpertCall) -> any PendingExperts
}

/// A layer's experts at work.
package protocol PendingExperts: AnyObject {
    /// Waits for what is still out, at most until the call's deadline, and hands the outputs on; to be called once.
    func finish() -> ExpertOutputs
}

extension ExpertExecutor {
    /// Runs the rows of one mixture layer.
    package func execute(_ call: borrowing ExpertCall) -> ExpertOutputs { begin(call).finish() }
}

/// Outputs that are there already.
package final class ReadyExperts: PendingExperts {
    private var outputs: ExpertOutputs?

    /// Takes the outputs.
    package init(_ outputs: consuming ExpertOutputs) { self.outputs = consume outputs }

    /// Hands them on.
    package func finish() -> ExpertOutputs {
        guard let outputs = outputs.take() else { preconditionFailure("a layer's outputs are taken once") }
        return outputs
    }
}

/// One request to the experts of a layer.
package struct ExpertCall: ~Copyable {
    /// The decoder layer.
    package let layer: Int
    /// What the experts see, `(rows, hiddenSize)`.
    package let input: Tensor
    /// The gate's choice for each row.
    package let routing: RoutingDecision
    /// Whether the layer has a meta expert, which then sees every row.
    package let wantsMeta: Bool
    /// Rows that no longer matter because their sequence already failed; their outputs are left at zero.
    package let skippedRows: Set<Int>
    /// When the answer stops being useful.
    package let deadline: ContinuousClock.Instant
    /// Whether nobody wants the answer any more.
    package let isAbandoned: () -> Bool

    /// Describes a request.
    package init(
        layer: Int,
        input: consuming Tensor,
        routing: RoutingDecision,
        wantsMeta: Bool,
        skippedRows: Set<Int>,
        deadline: ContinuousClock.Instant,
        isAbandoned: @escaping () -> Bool = { false },
    ) {
        self.layer = layer
        self.input = input
        self.routing = routing
        self.wantsMeta = wantsMeta
        self.skippedRows = skippedRows
        self.deadline = deadline
        self.isAbandoned = isAbandoned
    }

    /// Rows that the meta expert has to see, ascending.
    package var liveRows: [Int] { (0..<input.rows).filter { !skippedRows.contains($0) } }
}

/// What the experts of a layer answered: rows as the experts made them, not yet weighted.
package struct ExpertOutputs: ~Copyable {
    /// Row `r * topK + k` is the output of row r's k-th expert, `(rows * topK, hiddenSize)`.
    package var routed: Tensor
    /// The meta expert's output, `(rows, hiddenSize)`, or no rows where the layer has none.
    package var meta: Tensor
    /// Where each expert that answered stands, and with which weights.
    package var sources: [ExpertID: ExpertSource]
    /// Experts that did not answer, and why; their rows above are meaningless.
    package var failures: [ExpertID: ExpertFailure]
    /// How often the expert that was asked most often was asked: 1 where every first answer counted.
    package var attempts: Int

    /// Takes the answers of a layer.
    package init(
        routed: consuming Tensor,
        meta: consuming Tensor,
        sources: [ExpertID: ExpertSource],
        failures: [ExpertID: ExpertFailure],
        attempts: Int = 1,
    ) {
        self.routed = routed
        self.meta = meta
        self.sources = sources
        self.failures = failures
        self.attempts = attempts
    }
}

/// The physical expert behind an answer.
package struct ExpertSource: Sendable, Hashable {
    /// The node it ran on.
    package let node: NodeID
    /// The hash of its weights there.
    package let weightsHash: WeightsHash

    /// Names a physical expert.
    package init(node: NodeID, weightsHash: WeightsHash) {
        self.node = node
        self.weightsHash = weightsHash
    }
}

/// Why an expert's output is missing.
package struct ExpertFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure, as the caller of a query can tell them apart.
    package enum Code: Sendable {
        /// No node that can be reached hosts the expert.
        case unavailable
        /// A node took the rows and did not answer in time.
        case timedOut
        /// A node answered that it cannot or will not compute them.
        case refused
        /// Nobody waited for the answer any more.
        case abandoned
    }

    /// The expert concerned.
    package let expert: ExpertID
    /// What kind of failure it is.
    package let code: Code
    /// One sentence for people: which node, what happened.
    package let message: String

    /// Describes a failure.
    package init(expert: ExpertID, code: Code, message: String) {
        self.expert = expert
        self.code = code
        self.message = message
    }

    /// Whether waiting may help: nobody was there, or nobody was fast enough.
    package var canHeal: Bool { code == .unavailable || code == .timedOut }

    /// The sentence.
    package var description: String { message }
}
