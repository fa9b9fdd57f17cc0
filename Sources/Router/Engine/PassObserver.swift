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

/// Writes down for each sequence of a step which experts saw it, block by block of its positions.
final class PassObserver: ForwardObserver {
    /// The rows of one part that belong to one block.
    private struct Piece {
        let sequence: Sequence
        let block: Int
        let rows: Range<Int>
        /// The position of its first row within the sequence.
        let position: Int
    }

    private let pieces: [Piece]
    /// Rows that the gates sent to each expert index.
    private(set) var routedRows: [Int: Int] = [:]
    /// The experts that each piece's rows asked for in the layer at hand.
    private var used: [Set<Int>] = []

    init(parts: [PassPart]) {
        var pieces: [Piece] = []
        for part in parts {
            var row = part.rows.lowerBound
            while row < part.rows.upperBound {
                let position = part.position + row - part.rows.lowerBound
                let block = position / KVBlock.positionCount
                let end = min(part.rows.upperBound, row + (block + 1) * KVBlock.positionCount - position)
                pieces.append(Piece(sequence: part.sequence, block: block, rows: row..<end, position: position))
                while part.sequence.tallies.count <= block { part.sequence.tallies.append(RoutingTally()) }
                row = end
            }
        }
        self.pieces = pieces
    }

    func routed(layer: Int, logits: borrowing Tensor, decision: RoutingDecision) {
        for expert in decision.experts { routedRows[expert, default: 0] += 1 }
        used = pieces.map { piece in
            Set(decision.experts[piece.rows.lowerBound * decision.topK..<piece.rows.upperBound * decision.topK])
        }
        for piece in pieces {
            piece.sequence.tallies[piece.block].add(layer: layer, decision: decision, rows: piece.rows) { row in
                piece.sequence.isImage(piece.position + row)
            }
        }
    }

    func combined(
        layer: Int,
        routed: borrowing Tensor,
        meta: borrowing Tensor,
        sources: [ExpertID: ExpertSource],
    ) {
        for (piece, used) in zip(pieces, used) {
            piece.sequence.tallies[piece.block]
                .add(layer: layer, sources: sources, used: used, rowCount: piece.rows.count)
        }
    }
}
