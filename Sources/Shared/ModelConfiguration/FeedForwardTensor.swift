/// The tensors of a feed-forward block (an expert, the meta expert or a dense block), relative to its name.
package enum FeedForwardTensor: String, CaseIterable, Sendable {
    /// StableLM: the gating projection, `(intermediateSize, hiddenSize)`.
    case gate = "gate_proj.weight"
    /// StableLM: the widening projection, `(intermediateSize, hiddenSize)`.
    case up = "up_proj.weight"
    /// StableLM: the projection back, `(hiddenSize, intermediateSize)`.
    case down = "down_proj.weight"
    /// Phi: the widening layer, `(intermediateSize, hiddenSize)`.
    case expand = "fc1.weight"
    /// Phi: the widening layer's bias, `(intermediateSize)`.
    case expandBias = "fc1.bias"
    /// Phi: the layer back, `(hiddenSize, intermediateSize)`.
    case contract = "fc2.weight"
    /// Phi: the bias of the layer back, `(hiddenSize)`.
    case contractBias = "fc2.bias"

    /// The tensors of a form's blocks.
    package static func all(_ form: ModelForm) -> [FeedForwardTensor] {
        switch form {
        case .stableLM: [.gate, .up, .down]
        case .phi: [.expand, .expandBias, .contract, .contractBias]
        }
    }

    /// The extents it has in a model of these widths.
    package func shape(hiddenSize: Int, intermediateSize: Int) -> [Int] {
        switch self {
        case .gate, .up, .expand: [intermediateSize, hiddenSize]
        case .down, .contract: [hiddenSize, intermediateSize]
        case .expandBias: [intermediateSize]
        case .contractBias: [hiddenSize]
        }
    }
}
