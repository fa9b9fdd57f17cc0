internal import CKernels

/// The numbers that linear layers compute with; chosen when a model is loaded.
package enum ComputeDType: String, CaseIterable, Sendable {
    /// Weights as stored, inputs and sums in float32.
    case f32
    /// Weights and inputs rounded to brain floats, sums in float32.
    case bf16
    /// Weights and inputs rounded to bytes, with a scale for each output and each row; sums are exact.
    case int8

    /// What must be equal on two machines for results of feed-forward blocks to have the same bits.
    package var numerics: String {
        switch self {
        case .f32: "f32 16 lanes \(InstructionSet.best.fuses ? "fused" : "separate")"
        case .bf16: "bf16 pairs"
        case .int8: "int8 rows"
        }
    }

    /// The kind of packed numbers; nil where weights stay as they are stored.
    var packed: medmoe_packed_kind? {
        switch self {
        case .f32: nil
        case .bf16: MEDMOE_PACKED_BF16
        case .int8: MEDMOE_PACKED_INT8
        }
    }
}
