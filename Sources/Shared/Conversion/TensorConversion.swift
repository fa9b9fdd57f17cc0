internal import Kernels

/// How the tensors of a checkpoint are written anew: each in its own kind of numbers or in another.
///
/// Gates stay as they are stored, whatever the others become: they decide which expert a token visits, and so a
/// checkpoint that is converted there and back has its first bytes again.
package struct TensorConversion: Sendable {
    private let source: Checkpoint
    private let dtype: TensorDType?

    /// Numbers that are read, converted and written at a time.
    private static let pieceLength = 1 << 20

    /// Leaves all as it is.
    package init(keeping source: Checkpoint) {
        self.source = source
        dtype = nil
    }

    /// Turns all weights but the gates' into `dtype`, which must be a kind of weight.
    package init(of source: Checkpoint, to dtype: TensorDType) {
        precondition(dtype.weightKind != nil, "\(dtype.rawValue) is no kind of weight")
        self.source = source
        self.dtype = dtype
    }

    /// A tensor as it will be written; nil when the checkpoint has none of this name.
    package func item(_ name: String) -> SafetensorsStream.Item? {
        source.entry(name).flatMap { SafetensorsStream.Item(name, target(of: $0), $0.shape) }
    }

    private func target(of entry: TensorEntry) -> TensorDType {
        guard let dtype, entry.dtype.weightKind != nil, !entry.name.contains(TensorNames.gateSuffix) else {
            return entry.dtype
        }
        return dtype
    }

    /// Lends the bytes of a tensor as it will be written, piece by piece in order, and returns how many numbers are
    /// not what they were.
    ///
    /// - Throws: `missingTensor`, `missingFile`, `unusableWeights` when a number is beyond the range of the new kind,
    ///   or what `body` throws.
    @discardableResult
    package func forEachPiece(
        of name: String,
        _ body: (RawSpan) throws(CheckpointError) -> Void,
    ) throws(CheckpointError) -> Int {
        let target = item(name)?.dtype
        var changed = 0
        // The closure that reads a mapped tensor does not throw; what the body says is kept and told afterwards.
        var failure: CheckpointError?
        try source.withBytes(name) { bytes in
            do throws(CheckpointError) {
                guard let entry = source.entry(name), target != entry.dtype, let from = entry.dtype.weightKind,
                    let to = target?.weightKind
                else { return try body(bytes) }
                changed = try Self.convert(bytes, name: name, from: from, to: to, body)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return changed
    }

    private static func convert(
        _ bytes: RawSpan,
        name: String,
        from: WeightKind,
        to: WeightKind,
        _ body: (RawSpan) throws(CheckpointError) -> Void,
    ) throws(CheckpointError) -> Int {
        let count = bytes.byteCount / from.byteCount
        var changed = 0
        var start = 0
        while start < count {
            let end = min(count, start + pieceLength)
            let piece = bytes.extracting(start * from.byteCount..<end * from.byteCount)
            let wide = widen(piece, from, count: end - start)
            let narrow = to.narrow(wide.span)
            if to == .f16 { try checkRange(wide, narrow, name: name) }
            if to != .f32 {
                let back = unsafe widen(narrow.span.bytes, to, count: wide.count)
                changed += zip(wide, back).count { $0.bitPattern != $1.bitPattern }
            }
            try unsafe body(narrow.span.bytes)
            start = end
        }
        return changed
    }

    private static func widen(_ bytes: RawSpan, _ kind: WeightKind, count: Int) -> [Float] {
        [Float](capacity: count) { output in
            output.append(repeating: 0, count: count)
            var numbers = output.mutableSpan
            kind.widen(bytes, into: &numbers)
        }
    }

    /// Refuses numbers that a half makes infinite.
    private static func checkRange(_ wide: [Float], _ narrow: [UInt8], name: String) throws(CheckpointError) {
        for index in wide.indices where narrow[2 * index + 1] & 0x7C == 0x7C && wide[index].isFinite {
            throw CheckpointError(
                .unusableWeights,
                tensor: CheckpointError.quotable(name),
                "expected numbers up to 65504, the largest of F16, found \(wide[index]); convert to bf16 or f32 instead"
            )
        }
    }
}
