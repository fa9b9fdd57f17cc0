internal import Kernels

/// How the tensors of a checkpoint are written anew: each in its own kind of numbers or in another.
///
/// Gates stay as they are stored, whatever the others become: they decide which expert a token visits, and so a
/// checkpoint that is converted there and back has its first bytes again.
package struct TensorConversion: Sendable {
    private let source: Checkpoint
    private let dtype: TensorDType?
    /// The weights that become bytes, each with scales beside it.
    private let inBytes: Set<String>
    /// The names of the tensors that will be written, sorted.
    package let names: [String]

    /// Numbers that are read, converted and written at a time.
    static let pieceLength = 1 << 20

    /// Leaves all as it is.
    package init(keeping source: Checkpoint) {
        self.source = source
        dtype = nil
        inBytes = []
        names = source.names
    }

    /// Turns all weights but the gates' into `dtype`, which must be a kind of weight.
    package init(of source: Checkpoint, to dtype: TensorDType) {
        precondition(dtype.weightKind != nil, "\(dtype.rawValue) is no kind of weight")
        self.source = source
        self.dtype = dtype
        inBytes = []
        names = source.names
    }

    /// Rounds the weights of linear layers to bytes with a scale for each output, as loading them for int8 does, and
    /// leaves all else as it is.
    package init(toBytes source: Checkpoint, _ configuration: ModelConfiguration) {
        self.source = source
        dtype = nil
        let weights = ModelInventory(configuration).linearWeights.filter { requirement in
            guard let entry = source.entry(requirement.name) else { return false }
            return entry.dtype.weightKind != nil && entry.shape == requirement.shape
        }
        inBytes = Set(weights.map(\.name))
        names = Set(source.names).union(inBytes.map(TensorNames.scale(of:))).sorted()
    }

    /// The tensor of the source that one is written from: for new scales, the weight that they belong to.
    package func source(of name: String) -> String {
        guard let weight = TensorNames.weight(ofScale: name), inBytes.contains(weight) else { return name }
        return weight
    }

    /// Whether a tensor that will be written holds the scales of a weight in bytes.
    func isScale(_ name: String) -> Bool {
        TensorNames.weight(ofScale: name).flatMap { item($0) }?.dtype == .i8
    }

    /// Pairs of relative and full name of an expert's tensors as they will be written.
    package func tensors(
        of expert: ExpertID,
        _ form: ModelForm,
    ) -> [(relativeName: String, fullName: String)] {
        TensorNames.weights(of: expert, form).flatMap { tensor in
            guard item(tensor.fullName)?.dtype == .i8 else { return [tensor] }
            return [tensor, (TensorNames.scale(of: tensor.relativeName), TensorNames.scale(of: tensor.fullName))]
        }
    }

    /// A tensor as it will be written; nil when the checkpoint has none of this name.
    package func item(_ name: String) -> SafetensorsStream.Item? {
        let weight = source(of: name)
        if weight != name {
            return source.entry(weight).flatMap { SafetensorsStream.Item(name, .f32, Array($0.shape.prefix(1))) }
        }
        return source.entry(name).flatMap { SafetensorsStream.Item(name, target(of: $0), $0.shape) }
    }

    private func target(of entry: TensorEntry) -> TensorDType {
        if inBytes.contains(entry.name) { return .i8 }
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
        let (origin, target) = (self.source(of: name), item(name)?.dtype)
        var changed = 0
        // The closure that reads a mapped tensor does not throw; what the body says is kept and told afterwards.
        var failure: CheckpointError?
        try source.withBytes(origin) { bytes in
            do throws(CheckpointError) {
                if let entry = source.entry(origin), inBytes.contains(origin), let from = entry.dtype.weightKind {
                    let rounding = RowRounding(name: origin, columns: entry.shape[1], kind: from)
                    changed = try origin == name ? rounding.bytes(of: bytes, body) : rounding.scales(of: bytes, body)
                    return
                }
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

    static func widen(_ bytes: RawSpan, _ kind: WeightKind, count: Int) -> [Float] {
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
