internal import Kernels
internal import Model
internal import Shared

/// One sequence's part in a step.
struct PassPart {
    let sequence: Sequence
    let cache: KVCache
    /// Its rows in the step's input.
    let rows: Range<Int>
    /// The position of its first row within the sequence.
    let position: Int
}

/// Writes down for each sequence of a step which experts saw it.
final class PassObserver: ForwardObserver {
    private let parts: [PassPart]
    private let metrics: RouterMetrics

    init(parts: [PassPart], metrics: RouterMetrics) {
        self.parts = parts
        self.metrics = metrics
    }

    func routed(layer: Int, logits: borrowing Tensor, decision: RoutingDecision) {
        metrics.recordRouted(decision)
        for part in parts {
            part.sequence.tally.add(layer: layer, decision: decision, rows: part.rows) { row in
                part.sequence.isImage(part.position + row)
            }
        }
    }

    func combined(
        layer: Int,
        routed: borrowing Tensor,
        meta: borrowing Tensor,
        sources: [ExpertID: ExpertSource],
    ) {
        for part in parts {
            part.sequence.tally.add(layer: layer, sources: sources, rowCount: part.rows.count)
        }
    }
}
