/// The family of decoder layers that a checkpoint is made of, told by the names of its tensors.
package enum ModelForm: String, Sendable, CaseIterable {
    /// Attention and feed-forward one after the other, SwiGLU, two norms a layer.
    case stableLM = "stablelm"
    /// Attention and feed-forward side by side, two-layer GELU, one norm a layer.
    case phi

    /// Whether the projection after attention has a bias.
    package var attentionOutputHasBias: Bool { self == .phi }

    /// Recognises the form; folder names and `model_type` do not count, they are wrong too often.
    ///
    /// - Parameter names: the names of a checkpoint's tensors.
    /// - Throws: `unsupported` when the names fit no form or more than one.
    package static func recognise(_ names: [String]) throws(CheckpointError) -> ModelForm {
        var hasStableLMAttention = false
        var hasStableLMFeedForward = false
        var hasPhiAttention = false
        var hasPhiFeedForward = false
        for name in names where name.hasPrefix(TensorNames.layersPrefix) {
            // A mixture layer's experts have the dense block's names behind a longer prefix.
            if name.hasSuffix(".self_attn.o_proj.weight") { hasStableLMAttention = true }
            if name.contains(".mlp.") && name.hasSuffix(".gate_proj.weight") { hasStableLMFeedForward = true }
            if name.hasSuffix(".self_attn.dense.weight") { hasPhiAttention = true }
            if name.contains(".mlp.") && name.hasSuffix(".fc1.weight") { hasPhiFeedForward = true }
        }
        let isStableLM = hasStableLMAttention && hasStableLMFeedForward
        let isPhi = hasPhiAttention && hasPhiFeedForward
        if isStableLM && !hasPhiAttention && !hasPhiFeedForward { return .stableLM }
        if isPhi && !hasStableLMAttention && !hasStableLMFeedForward { return .phi }
        throw CheckpointError(
            .unsupported,
            "expected tensors named like StableLM (\(TensorNames.layersPrefix)N.self_attn.o_proj, .mlp.gate_proj) or "
                + "Phi (.self_attn.dense, .mlp.fc1), found "
                + (isStableLM || isPhi || hasStableLMAttention || hasPhiAttention ? "a mixture of names" : "neither")
                + " among \(names.count) tensors"
        )
    }
}
