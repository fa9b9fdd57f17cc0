internal import Kernels

/// Rounds the rows of one weight to bytes with scales, a piece at a time.
struct RowRounding {
    /// The weight, for messages.
    let name: String
    /// Numbers in a row.
    let columns: Int
    /// How they are stored.
    let kind: WeightKind

    /// Lends the bytes, piece by piece, and returns how many numbers they do not give back.
    func bytes(
        of stored: RawSpan,
        _ body: (RawSpan) throws(CheckpointError) -> Void,
    ) throws(CheckpointError) -> Int {
        var changed = 0
        try forEachPiece(of: stored) { (wide, bytes, scales) throws(CheckpointError) in
            for index in wide.indices where Float(bytes[index]) * scales[index / columns] != wide[index] {
                changed += 1
            }
            try unsafe body(bytes.span.bytes)
        }
        return changed
    }

    /// Lends the scales, piece by piece; they stand for no numbers of their own, so none has changed.
    func scales(
        of stored: RawSpan,
        _ body: (RawSpan) throws(CheckpointError) -> Void,
    ) throws(CheckpointError) -> Int {
        try forEachPiece(of: stored) { (_, _, scales) throws(CheckpointError) in try unsafe body(scales.span.bytes) }
        return 0
    }

    private func forEachPiece(
        of stored: RawSpan,
        _ body: ([Float], [Int8], [Float]) throws(CheckpointError) -> Void,
    ) throws(CheckpointError) {
        let count = stored.byteCount / kind.byteCount
        // Whole rows: a row has one scale.
        let length = max(1, TensorConversion.pieceLength / columns) * columns
        for start in stride(from: 0, to: count, by: length) {
            let end = min(count, start + length)
            let piece = stored.extracting(start * kind.byteCount..<end * kind.byteCount)
            let wide = TensorConversion.widen(piece, kind, count: end - start)
            if let wrong = wide.first(where: { !$0.isFinite }) {
                throw CheckpointError(
                    .unusableWeights,
                    tensor: CheckpointError.quotable(name),
                    "expected finite numbers to round to bytes, found \(wrong); the checkpoint is damaged, fetch it again"
                )
            }
            let (bytes, scales) = ByteRounding.round(wide.span, columns: columns)
            try body(wide, bytes, scales)
        }
    }
}
