extension ModelConfiguration {
    /// The names of the files in the published layout.
    private enum FileName {
        static let configuration = "config.json"
        static let generation = "generation_config.json"
    }

    /// Reads `config.json`, `generation_config.json` and the tower's configuration of an open checkpoint.
    ///
    /// What the files do not say (the form, biases, the meta expert, the rows of the vocabulary) is told by the
    /// tensors.
    ///
    /// - Throws: `missingFile`, `unreadableFile`, `invalidJSON`, `invalidConfiguration` or `unsupported`.
    package init(of checkpoint: Checkpoint) throws(CheckpointError) {
        let folder = checkpoint.folder
        guard let object = try ConfigurationFile.object(at: folder + "/" + FileName.configuration) else {
            throw CheckpointError(
                .missingFile,
                file: FileName.configuration,
                "expected this file in the checkpoint folder, found none"
            )
        }
        try self.init(
            fields: ConfigurationFields(object, file: FileName.configuration),
            generation: try ConfigurationFile.object(at: folder + "/" + FileName.generation)
                .map { ConfigurationFields($0, file: FileName.generation) },
            checkpoint: checkpoint,
        )
    }

    private init(
        fields: ConfigurationFields,
        generation: ConfigurationFields?,
        checkpoint: Checkpoint,
    ) throws(CheckpointError) {
        form = try ModelForm.recognise(checkpoint.names)
        try Self.refuseWhatIsNotServed(fields, form)
        hiddenSize = try fields.requiredInteger("hidden_size", in: Limits.hiddenSize)
        intermediateSize = try fields.requiredInteger("intermediate_size", in: Limits.intermediateSize)
        layerCount = try fields.requiredInteger("num_hidden_layers", in: Limits.layers)
        headCount = try Self.headCount(fields, hiddenSize: hiddenSize)
        keyValueHeadCount = try fields.integer("num_key_value_heads", in: Limits.heads) ?? headCount
        guard keyValueHeadCount == headCount else {
            throw fields.problem(
                "num_key_value_heads",
                "grouped heads are not yet supported: expected \(headCount), found \(keyValueHeadCount)",
                code: .unsupported
            )
        }
        normEpsilon = Float(try fields.number("norm_eps", "layer_norm_eps", in: Limits.epsilon) ?? 1e-5)
        rotaryFraction = try fields.number("rope_pct", "partial_rotary_factor", in: 0...1) ?? form.usualRotaryFraction
        ropeTheta = try fields.number("rope_theta", in: Limits.ropeTheta) ?? 10_000
        maximumPositions = try fields.requiredInteger("max_position_embeddings", in: Limits.positions)
        vocabularySize = try Self.vocabularySize(checkpoint, hiddenSize: hiddenSize)
        eosTokenIDs = try Self.eosTokenIDs([generation, fields])
        useQKVBias = try Self.useQKVBias(fields, checkpoint)
        moe = try MoEConfiguration(fields: fields, layerCount: layerCount, names: checkpoint.names)
        imageAspectRatio = try Self.imageAspectRatio(fields)
        vision = try VisionConfiguration(fields: fields, folder: checkpoint.folder)
        visionSelectLayer =
            try fields.integer(
                "mm_vision_select_layer",
                in: -vision.layerCount - 1...vision.layerCount
            ) ?? -2

        guard rotaryDimensions >= 2, rotaryDimensions % 2 == 0 else {
            throw fields.problem(
                "rope_pct",
                "expected a share that rotates an even number of a head's \(headSize) numbers, at least two; "
                    + "found \(rotaryDimensions)"
            )
        }
        if let width = try fields.integer("mm_hidden_size", in: Limits.hiddenSize), width != vision.hiddenSize {
            throw fields.problem(
                "mm_hidden_size",
                "the vision tower's hidden states have \(vision.hiddenSize) numbers, found \(width); "
                    + "put the tower's config.json into the checkpoint as vision_config"
            )
        }
    }

    /// Switches that other models of the family have, and that would change the numbers if they were passed over.
    private static func refuseWhatIsNotServed(
        _ fields: ConfigurationFields,
        _ form: ModelForm,
    ) throws(CheckpointError) {
        try fields.demand("hidden_act", .string(form.activation))
        try fields.demand("tie_word_embeddings", .bool(false))
        try fields.demand("rotary_scaling_factor", .number(1))
        try fields.demand("qk_layernorm", .bool(false))
        try fields.demand("use_parallel_residual", .bool(form == .phi))
        try fields.demand("image_projector_type", .string("mlp2x_gelu"))
        try fields.demand("mm_vision_select_feature", .string("patch"))
        try fields.demand("mm_use_im_start_end", .bool(false))
        try fields.demand("mm_use_im_patch_token", .bool(false))
        guard !fields.has("rope_scaling") else {
            throw fields.problem("rope_scaling", "only null is supported", code: .unsupported)
        }
    }

    private static func headCount(_ fields: ConfigurationFields, hiddenSize: Int) throws(CheckpointError) -> Int {
        guard let count = try fields.integer("num_attention_heads", "num_heads", in: Limits.heads) else {
            throw fields.problem("num_attention_heads", "expected a whole number, found none")
        }
        guard hiddenSize % count == 0 else {
            throw fields.problem("num_attention_heads", "\(count) heads do not divide a hidden size of \(hiddenSize)")
        }
        return count
    }

    private static func vocabularySize(_ checkpoint: Checkpoint, hiddenSize: Int) throws(CheckpointError) -> Int {
        let name = TensorNames.embedTokens
        guard let entry = checkpoint.entry(name) else {
            throw CheckpointError(
                .missingTensor,
                file: checkpoint.folder,
                tensor: name,
                "expected the embedding table, found none"
            )
        }
        guard entry.shape.count == 2, entry.shape[0] > 0, entry.shape[1] == hiddenSize else {
            throw CheckpointError(
                .wrongShape,
                file: checkpoint.fileName(of: name),
                tensor: name,
                "expected the shape (tokens, \(hiddenSize)), found \(TensorEntry.describe(entry.shape))"
            )
        }
        return entry.shape[0]
    }

    /// The ids in the first file that names any.
    private static func eosTokenIDs(_ files: [ConfigurationFields?]) throws(CheckpointError) -> [Int] {
        for case let fields? in files {
            if let ids = try fields.integers("eos_token_id", in: Limits.tokenIDs, limit: 64), !ids.isEmpty {
                return ids
            }
        }
        return []
    }

    private static func useQKVBias(
        _ fields: ConfigurationFields,
        _ checkpoint: Checkpoint,
    ) throws(CheckpointError) -> Bool {
        let found = checkpoint.entry(TensorNames.query(0) + ".bias") != nil
        if let said = try fields.flag("use_qkv_bias"), said != found {
            throw fields.problem(
                "use_qkv_bias",
                "says \(said), but the checkpoint \(found ? "has" : "lacks") \(TensorNames.query(0)).bias"
            )
        }
        return found
    }

    private static func imageAspectRatio(_ fields: ConfigurationFields) throws(CheckpointError) -> ImageAspectRatio {
        guard let word = try fields.string("image_aspect_ratio") else { return .square }
        guard let ratio = ImageAspectRatio(rawValue: word) else {
            let known = ImageAspectRatio.allCases.map(\.rawValue).joined(separator: ", ")
            throw fields.problem(
                "image_aspect_ratio",
                "expected one of \(known), found \(CheckpointError.quotable(word))",
                code: .unsupported
            )
        }
        return ratio
    }
}

extension ModelForm {
    /// The activation of the feed-forward blocks, as `config.json` spells it.
    fileprivate var activation: String {
        switch self {
        case .stableLM: "silu"
        case .phi: "gelu_new"
        }
    }

    /// The share of a head that is rotated when `config.json` does not say.
    fileprivate var usualRotaryFraction: Double {
        switch self {
        case .stableLM: 0.25
        case .phi: 0.5
        }
    }
}
