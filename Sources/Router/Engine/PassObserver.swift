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

/// Writes down for each sequence of a micro-batch which experts saw it, block by block of its positions.
///
/// What it wrote counts once it is committed: a part that has to be computed again leaves nothing behind.
final class PassObserver: ForwardObserver {
    /// The rows of one part that belong to one block.
    private struct Piece {
        let sequence: Sequence
        let block: Int
        let rows: Range<Int>
        /// The position of its first row within the sequence.
        let position: Int
        var tally = RoutingTally()
    }

    private var pieces: [Piece]
    /// Rows that went to each expert.
    private(set) var routedRows: [ExpertID: Int] = [:]
    /// The experts that each piece's rows asked for in the layer at hand.
    private var used: [Set<Int>] = []

    init(parts: [PassPart]) {
        pieces = []
        for part in parts {
            var row = part.rows.lowerBound
            while row < part.rows.upperBound {
                let position = part.position + row - part.rows.lowerBound
                let block = position / KVBlock.positionCount
                let end = min(part.rows.upperBound, row + (block + 1) * KVBlock.positionCount - position)
                pieces.append(Piece(sequence: part.sequence, block: block, rows: row..<end, position: position))
                row = end
            }
        }
    }

    /// Adds what was seen of a sequence to its own tallies.
    func commit(_ sequence: Sequence) {
        for piece in pieces where piece.sequence === sequence {
            while sequence.tallies.count <= piece.block { sequence.tallies.append(RoutingTally()) }
            sequence.tallies[piece.block].merge(piece.tally)
        }
    }

    func routed(layer: Int, logits: borrowing Tensor, decision: RoutingDecision) {
        for index in decision.experts { routedRows[ExpertID(layer: layer, slot: .routed(index)), default: 0] += 1 }
        used = pieces.map { piece in
            Set(decision.experts[piece.rows.lowerBound * decision.topK..<piece.rows.upperBound * decision.topK])
        }
        for index in pieces.indices {
            let (sequence, position) = (pieces[index].sequence, pieces[index].position)
            pieces[index].tally.add(layer: layer, decision: decision, rows: pieces[index].rows) { row in
                sequence.isImage(position + row)
            }
        }
    }

    func combined(layer: Int, routed: borrowing Tensor, meta: borrowing Tensor, outcome: ExpertOutcome) {
        let metaExpert = ExpertID(layer: layer, slot: .meta)
        if outcome.sources[metaExpert] != nil {
            routedRows[metaExpert, default: 0] += pieces.reduce(0) { $0 + $1.rows.count }
        }
        for (index, used) in zip(pieces.indices, used) {
            let rows = pieces[index].rows
            pieces[index].tally.add(layer: layer, outcome: outcome, used: used, rows: rows)
        }
    }
}
