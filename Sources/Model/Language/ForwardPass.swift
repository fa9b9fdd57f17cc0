package import Kernels
internal import Shared

/// One micro-batch on its way through the decoder.
///
/// Several go side by side: while the experts of one are at work, another attends. Rows of one sequence may be spread
/// over several, in the order of their positions.
package final class ForwardPass {
    /// What a mixture layer that has begun still needs.
    struct Feeding: ~Copyable {
        let pending: any PendingExperts
        let decision: RoutingDecision
        let hasMeta: Bool
        /// The attention's output where it is added after the feed-forward part, else without rows.
        var attended: Tensor
    }

    /// Its rows.
    package let batch: ForwardBatch
    let observer: (any ForwardObserver)?
    /// Hidden states `(rows, hiddenSize)`; after the pass those after the last layer, before the final norm.
    package internal(set) var hidden: Tensor
    /// Rows that cannot be trusted, and why.
    package internal(set) var spoiled: [Int: ExpertFailure] = [:]
    var feeding: Feeding?
    private var wasAbandoned = false

    /// Takes the rows `(rows, hiddenSize)` of a batch.
    package init(_ input: consuming Tensor, batch: ForwardBatch, observer: (any ForwardObserver)?) {
        precondition(input.rows == batch.rowCount, "\(input.shape) for \(batch.rowCount) rows")
        hidden = input
        self.batch = batch
        self.observer = observer
    }

    /// Whether nobody wants the pass any more; once that is so, its rows are spoiled and no layer touches them.
    var isGivenUp: Bool {
        if !wasAbandoned, batch.isAbandoned() {
            wasAbandoned = true
            let failure = ExpertFailure(
                expert: ExpertID(layer: 0, slot: .meta),
                code: .abandoned,
                message: "Nobody waited for the answer any more.",
            )
            for row in 0..<batch.rowCount { spoiled[row] = spoiled[row] ?? failure }
        }
        return wasAbandoned
    }
}
