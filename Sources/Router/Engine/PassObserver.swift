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
    /// The experts that each part's rows asked for in the layer at hand.
    private var used: [Set<Int>] = []

    init(parts: [PassPart], metrics: RouterMetrics) {
        self.parts = parts
        self.metrics = metrics
    }

    func routed(layer: Int, logits: borrowing Tensor, decision: RoutingDecision) {
        metrics.recordRouted(decision)
        used = parts.map { part in
            Set(decision.experts[part.rows.lowerBound * decision.topK..<part.rows.upperBound * decision.topK])
        }
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
        for (part, used) in zip(parts, used) {
            part.sequence.tally.add(layer: layer, sources: sources, used: used, rowCount: part.rows.count)
        }
    }
}
