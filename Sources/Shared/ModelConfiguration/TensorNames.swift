/// The names of a checkpoint's tensors in the published layouts; this is the only place that knows them.
///
/// Where the two forms differ, a name takes the form; the others are the same in both.
/// A name without a suffix is that of a module: its tensors are `name.weight` and, where it has one, `name.bias`.
package enum TensorNames {
    static let layersPrefix = "model.layers."
    static let metaExpertInfix = ".mlp.meta_moe."
    static let gateSuffix = ".mlp.deepspeed_moe.gate.wg"

    /// The embedding table, `(vocabularySize, hiddenSize)`.
    package static let embedTokens = "model.embed_tokens.weight"
    /// The norm after the last layer.
    package static func finalNorm(_ form: ModelForm) -> String {
        switch form {
        case .stableLM: "model.norm"
        case .phi: "model.final_layernorm"
        }
    }
    /// The output head, `(vocabularySize, hiddenSize)`.
    package static let head = "lm_head.weight"

    /// The norm before a layer's attention.
    package static func inputNorm(_ layer: Int) -> String { "\(layersPrefix)\(layer).input_layernorm" }
    /// The norm before a layer's feed-forward part; the Phi form has none.
    package static func feedForwardNorm(_ layer: Int) -> String { "\(layersPrefix)\(layer).post_attention_layernorm" }
    /// The query projection of a layer.
    package static func query(_ layer: Int) -> String { "\(layersPrefix)\(layer).self_attn.q_proj" }
    /// The key projection of a layer.
    package static func key(_ layer: Int) -> String { "\(layersPrefix)\(layer).self_attn.k_proj" }
    /// The value projection of a layer.
    package static func value(_ layer: Int) -> String { "\(layersPrefix)\(layer).self_attn.v_proj" }
    /// The projection after a layer's attention.
    package static func attentionOutput(_ layer: Int, _ form: ModelForm) -> String {
        switch form {
        case .stableLM: "\(layersPrefix)\(layer).self_attn.o_proj"
        case .phi: "\(layersPrefix)\(layer).self_attn.dense"
        }
    }

    /// The feed-forward block of a layer that is no mixture; its tensors are in `FeedForwardTensor`.
    package static func denseBlock(_ layer: Int) -> String { "\(layersPrefix)\(layer).mlp" }
    /// The gate of a mixture layer.
    package static func gate(_ layer: Int) -> String { "\(layersPrefix)\(layer)\(gateSuffix)" }
    /// An expert's feed-forward block; its tensors are in `FeedForwardTensor`.
    package static func expert(_ id: ExpertID) -> String {
        switch id.slot {
        case .routed(let index):
            "\(layersPrefix)\(id.layer).mlp.deepspeed_moe.experts.deepspeed_experts.\(index)"
        case .meta: "\(layersPrefix)\(id.layer).mlp.meta_moe"
        }
    }

    static let weightSuffix = ".weight"
    private static let scaleSuffix = "_scale"

    /// The scales of a weight that is stored in bytes, `(outputs)`.
    package static func scale(of weight: String) -> String { weight + scaleSuffix }
    /// The weight whose scales would have this name; nil for a name of another kind.
    static func weight(ofScale name: String) -> String? {
        name.hasSuffix(weightSuffix + scaleSuffix) ? String(name.dropLast(scaleSuffix.count)) : nil
    }

    /// Pairs of relative and full name of an expert's tensors but for scales, which depend on how they are stored:
    /// `Checkpoint.tensors(of:_:)` knows those too.
    package static func weights(
        of expert: ExpertID,
        _ form: ModelForm,
    ) -> [(relativeName: String, fullName: String)] {
        FeedForwardTensor.all(form).map { ($0.rawValue, "\(Self.expert(expert)).\($0.rawValue)") }
    }
}

extension TensorNames {
    /// The projector's first linear layer, from the tower's width to the model's.
    package static let projectorFirst = "model.mm_projector.image_spatial_proj.0"
    /// The projector's second linear layer.
    package static let projectorSecond = "model.mm_projector.image_spatial_proj.2"

    /// The names of the vision tower's tensors.
    package enum Tower {
        static let prefix = "model.image_tower.image_tower.vision_model."

        /// The class token, `(width)`.
        package static let classEmbedding = prefix + "embeddings.class_embedding"
        /// The patch convolution, `(width, 3, patchSize, patchSize)`.
        package static let patchEmbedding = prefix + "embeddings.patch_embedding.weight"
        /// The position table, `(1 + patches, width)`.
        package static let positionEmbedding = prefix + "embeddings.position_embedding.weight"
        /// The norm before the first block; the spelling is the format's.
        package static let preNorm = prefix + "pre_layrnorm"
        /// The norm after the last block, which patch features do not pass.
        package static let postNorm = prefix + "post_layernorm"

        private static func block(_ layer: Int) -> String { "\(prefix)encoder.layers.\(layer)." }
        /// The norm before a block's attention.
        package static func norm1(_ layer: Int) -> String { block(layer) + "layer_norm1" }
        /// The norm before a block's two linear layers.
        package static func norm2(_ layer: Int) -> String { block(layer) + "layer_norm2" }
        /// The query projection of a block.
        package static func query(_ layer: Int) -> String { block(layer) + "self_attn.q_proj" }
        /// The key projection of a block.
        package static func key(_ layer: Int) -> String { block(layer) + "self_attn.k_proj" }
        /// The value projection of a block.
        package static func value(_ layer: Int) -> String { block(layer) + "self_attn.v_proj" }
        /// The projection after a block's attention.
        package static func attentionOutput(_ layer: Int) -> String { block(layer) + "self_attn.out_proj" }
        /// The first of a block's two linear layers.
        package static func expand(_ layer: Int) -> String { block(layer) + "mlp.fc1" }
        /// The second of a block's two linear layers.
        package static func contract(_ layer: Int) -> String { block(layer) + "mlp.fc2" }
    }
}
