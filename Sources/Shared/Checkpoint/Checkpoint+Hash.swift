internal import Crypto

extension Checkpoint {
    /// The hash that names a group of tensors, an expert's for instance, by content.
    ///
    /// SHA-256 over the line `medmoe weights 1` and then, for each tensor in order of its relative name, the line
    /// `name dtype extents` (extents joined by `x`) and the bytes as they are stored; every line ends with a newline.
    /// Where the tensors lie, in which file and under which full name, does not matter.
    ///
    /// - Parameter tensors: pairs of the name within the group and the name in the checkpoint.
    /// - Throws: `missingTensor`.
    package func weightsHash(
        of tensors: [(relativeName: String, fullName: String)],
    ) throws(CheckpointError) -> WeightsHash {
        try weightsHash(of: tensors, converting: TensorConversion(keeping: self))
    }

    /// The same for the tensors as a conversion will write them.
    package func weightsHash(
        of tensors: [(relativeName: String, fullName: String)],
        converting conversion: TensorConversion,
    ) throws(CheckpointError) -> WeightsHash {
        var digest = Digest(title: "medmoe weights 1")
        for tensor in tensors.sorted(by: { $0.relativeName < $1.relativeName }) {
            guard let item = conversion.item(tensor.fullName) else {
                throw CheckpointError(
                    .missingTensor,
                    file: folder,
                    tensor: CheckpointError.quotable(tensor.fullName),
                    "expected this tensor to compute a weights hash, found none of this name"
                )
            }
            digest.line(Self.describe(tensor.relativeName, item.dtype, item.shape))
            try conversion.forEachPiece(of: tensor.fullName) { (piece) throws(CheckpointError) in digest.bytes(piece) }
        }
        return digest.hash
    }

    /// The hash that names the model by its layout: which tensors it has and how it is read, not the numbers.
    ///
    /// SHA-256 over the line `medmoe layout 1`, a line for each field of `configuration` that decides what a hidden
    /// state and an expert's address mean, and the line `name dtype extents` of every tensor in order of name. Router
    /// and nodes compare it before they exchange rows.
    package func layoutHash(_ configuration: ModelConfiguration) -> WeightsHash {
        layoutHash(configuration, converting: TensorConversion(keeping: self))
    }

    /// The same for the tensors as a conversion will write them.
    package func layoutHash(_ configuration: ModelConfiguration, converting conversion: TensorConversion) -> WeightsHash
    {
        var digest = Digest(title: "medmoe layout 1")
        let moe = configuration.moe
        digest.line("form \(configuration.form.rawValue)")
        digest.line("hidden_size \(configuration.hiddenSize)")
        digest.line("intermediate_size \(configuration.intermediateSize)")
        digest.line("num_hidden_layers \(configuration.layerCount)")
        digest.line("num_attention_heads \(configuration.headCount)")
        digest.line("moe_layers " + moe.layers.map(String.init).joined(separator: ","))
        digest.line("num_experts " + moe.expertCounts.map(String.init).joined(separator: ","))
        digest.line("top_k_experts \(moe.topK)")
        digest.line("meta_expert \(moe.hasMetaExpert)")
        for name in conversion.names {
            if let item = conversion.item(name) { digest.line(Self.describe(name, item.dtype, item.shape)) }
        }
        return digest.hash
    }

    private static func describe(_ name: String, _ dtype: TensorDType, _ shape: [Int]) -> String {
        "\(name) \(dtype.rawValue) " + shape.map(String.init).joined(separator: "x")
    }
}

/// A running SHA-256 of lines and bytes.
private struct Digest {
    private var sha = SHA256()

    init(title: String) {
        line(title)
    }

    mutating func line(_ text: String) {
        sha.update(data: Array((text + "\n").utf8))
    }

    mutating func bytes(_ span: RawSpan) {
        unsafe span.withUnsafeBytes { unsafe sha.update(bufferPointer: $0) }
    }

    var hash: WeightsHash {
        guard let hash = WeightsHash(bytes: Array(sha.finalize())) else {
            preconditionFailure("SHA-256 has 32 bytes")
        }
        return hash
    }
}
