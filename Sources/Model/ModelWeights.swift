package import Kernels
package import Shared

/// An opened checkpoint with its configuration: makes the model's parts from its tensors, each read once when asked for.
package struct ModelWeights: Sendable {
    /// The checkpoint.
    package let checkpoint: Checkpoint
    /// What the checkpoint says of itself.
    package let configuration: ModelConfiguration
    /// The folder.
    package let folder: String
    /// What the linear layers made here compute with; gates always take float32.
    package let dtype: ComputeDType

    /// Opens a checkpoint folder; no tensor is read yet.
    ///
    /// Without a `dtype`, linear layers compute with what the checkpoint is stored for.
    ///
    /// - Throws: `CheckpointError` for a folder that is none, a form that is not supported, or missing tensors.
    package init(folder: String, dtype: ComputeDType? = nil) throws(CheckpointError) {
        self.folder = folder
        checkpoint = try Checkpoint(folder: folder)
        self.dtype = dtype ?? checkpoint.defaultDType
        guard self.dtype == .int8 || !checkpoint.hasByteWeights else {
            throw CheckpointError(
                .unsupported,
                file: folder,
                "expected weights that \(self.dtype.rawValue) can compute with, found linear layers that were rounded to "
                    + "bytes (int8); give --dtype int8 or leave it out, or take the original checkpoint",
            )
        }
        configuration = try ModelConfiguration(of: checkpoint)
        guard let manifest = checkpoint.manifest, manifest.layoutHash != layoutHash else { return }
        throw CheckpointError(
            .invalidIndex,
            file: ShardManifest.fileName,
            "expected the layout \(manifest.layoutHash.short), found \(layoutHash.short); config.json and the manifest are "
                + "of different models, copy both from the same conversion",
        )
    }

    /// The hash of the model's layout: names, types and shapes, not data.
    package var layoutHash: WeightsHash { checkpoint.layoutHash(configuration) }

    /// The hash of one expert's weights, computed from them.
    ///
    /// - Throws: `unusableWeights` when the checkpoint's manifest promises another.
    package func hash(of expert: ExpertID) throws(CheckpointError) -> WeightsHash {
        let found = try checkpoint.weightsHash(of: checkpoint.tensors(of: expert, configuration.form))
        guard let promised = checkpoint.manifest?.experts[expert], promised != found else { return found }
        throw CheckpointError(
            .unusableWeights,
            file: ShardManifest.fileName(of: expert),
            "expected the weights \(promised.short) of expert \(expert) that \(ShardManifest.fileName) promises, found "
                + "\(found.short); the file is damaged or of another model, copy it again",
        )
    }

    /// The hash of one expert's weights, which this process does not compute with: from the checkpoint's manifest where
    /// there is one, else from the weights, whose memory is given back at once.
    package func promisedHash(of expert: ExpertID) throws(CheckpointError) -> WeightsHash {
        if let promised = checkpoint.manifest?.experts[expert] { return promised }
        let found = try hash(of: expert)
        for tensor in checkpoint.tensors(of: expert, configuration.form) { checkpoint.release(tensor.fullName) }
        return found
    }

    /// The experts whose weights are in the folder: all, unless it is a part of a checkpoint.
    package var expertsHere: [ExpertID] {
        configuration.moe.experts.filter { expert in
            checkpoint.tensors(of: expert, configuration.form).allSatisfy { checkpoint.isHere($0.fullName) }
        }
    }

    /// One expert's feed-forward block.
    package func expert(_ expert: ExpertID) throws(CheckpointError) -> ExpertFFN {
        try feedForward(TensorNames.expert(expert))
    }

    /// The experts that a selection like `*.4,0.meta` names.
    package func selectExperts(_ text: String) throws(PlacementError) -> [ExpertID] {
        try ExpertSelection(parsing: text, of: configuration.moe).experts
    }

    func feedForward(_ block: String) throws(CheckpointError) -> ExpertFFN {
        func shape(_ part: FeedForwardTensor) -> [Int] {
            part.shape(hiddenSize: configuration.hiddenSize, intermediateSize: configuration.intermediateSize)
        }
        func layer(
            _ part: FeedForwardTensor,
            bias: FeedForwardTensor? = nil,
        ) throws(CheckpointError) -> Linear {
            let name = "\(block).\(part.rawValue)"
            let weight = try checkpoint.linearWeight(name, expectedShape: shape(part))
            defer { releaseIfPacked(name) }
            guard let bias else { return Linear(weight: weight, bias: nil, dtype: dtype) }
            return Linear(weight: weight, bias: try tensor("\(block).\(bias.rawValue)", shape(bias)), dtype: dtype)
        }
        switch configuration.form {
        case .stableLM:
            return ExpertFFN(gate: try layer(.gate), up: try layer(.up), down: try layer(.down))
        case .phi:
            return ExpertFFN(
                expand: try layer(.expand, bias: .expandBias),
                contract: try layer(.contract, bias: .contractBias),
            )
        }
    }

    /// A tensor as float32, of exactly this shape.
    func tensor(_ name: String, _ shape: [Int]) throws(CheckpointError) -> Tensor {
        var tensor = Tensor(uninitialized: TensorShape(shape))
        var span = tensor.mutableSpan
        try checkpoint.readFloat32(name, expectedShape: shape, into: &span)
        return tensor
    }

    /// The first rows of a two-dimensional tensor that may have more.
    func firstRows(_ name: String, rows: Int, columns: Int) throws(CheckpointError) -> WeightMatrix {
        let stored = try storedShape(name, rows: rows, columns: columns)
        return try checkpoint.matrix(name, expectedShape: stored).prefix(rows)
    }

    /// The first outputs of a linear layer that may have more.
    func firstOutputs(_ name: String, outputs: Int, inputs: Int) throws(CheckpointError) -> LinearWeight {
        let stored = try storedShape(name, rows: outputs, columns: inputs)
        return try checkpoint.linearWeight(name, expectedShape: stored).prefix(outputs)
    }

    private func storedShape(_ name: String, rows: Int, columns: Int) throws(CheckpointError) -> [Int] {
        let stored = checkpoint.entry(name)?.shape ?? [rows, columns]
        guard stored.count == 2, stored[0] >= rows, stored[1] == columns else {
            throw CheckpointError(
                .wrongShape,
                tensor: name,
                "expected at least \(rows) rows (the tokenizer's entries) of \(columns) numbers, found "
                    + "\(TensorEntry.describe(stored)); tokenizer files and weights belong to different models",
            )
        }
        return stored
    }

    /// Gives the pages of a tensor back whose numbers were packed: nobody reads them again.
    func releaseIfPacked(_ name: String) {
        if dtype != .f32 { checkpoint.release(name) }
    }

    func linear(
        _ prefix: String,
        outputs: Int,
        inputs: Int,
        bias: Bool,
        dtype: ComputeDType,
    ) throws(CheckpointError) -> Linear {
        let (name, shape) = ("\(prefix).weight", [outputs, inputs])
        // Gates compute in float32 whatever the others do, so bytes are refused there.
        let weight: LinearWeight =
            dtype == .int8
            ? try checkpoint.linearWeight(name, expectedShape: shape)
            : .numbers(try checkpoint.matrix(name, expectedShape: shape))
        defer { releaseIfPacked("\(prefix).weight") }
        return Linear(weight: weight, bias: bias ? try tensor("\(prefix).bias", [outputs]) : nil, dtype: dtype)
    }

    func norm(_ prefix: String, columns: Int, epsilon: Float) throws(CheckpointError) -> LayerNorm {
        LayerNorm(
            weight: try tensor("\(prefix).weight", [columns]),
            bias: try tensor("\(prefix).bias", [columns]),
            epsilon: epsilon,
        )
    }
}
