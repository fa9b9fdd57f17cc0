internal import CKernels

/// The numbers that linear layers compute with; chosen when a model is loaded.
package enum ComputeDType: String, CaseIterable, Sendable {
    /// Weights as stored, inputs and sums in float32.
    case f32
    /// Weights and inputs rounded to brain floats, sums in float32, in the order of AVX-512's dot product.
    case bf16Pairs = "bf16-pairs"
    /// The same in the order of AMX's products of tiles.
    case bf16Tiles = "bf16-tiles"
    /// Weights and inputs rounded to bytes, with a scale for each output and each row; sums are exact.
    case int8

    /// Brain floats in the order of sums that this machine is fastest in.
    ///
    /// Every machine can compute in both orders, and then gives the bits of every other one.
    package static let bf16: ComputeDType = InstructionSet.best == .amx ? .bf16Tiles : .bf16Pairs

    /// What users write for the choices there are.
    package static let names = "f32, bf16, bf16-pairs, bf16-tiles or int8"

    /// Takes what users write: the name of a case, or `bf16`.
    package init?(name: String) {
        if name == "bf16" {
            self = .bf16
        } else {
            self.init(rawValue: name)
        }
    }

    /// What keys and values are kept as: rounded where the rows that they come from were.
    package var cacheKind: AttentionBlock.Kind { self == .f32 ? .f32 : .bf16 }

    /// Whether numbers are rounded to brain floats.
    package var isBrainFloats: Bool { self == .bf16Pairs || self == .bf16Tiles }

    /// What must be equal on two machines for results of feed-forward blocks to have the same bits.
    package var numerics: String {
        switch self {
        case .f32: "f32 16 lanes \(InstructionSet.best.fuses ? "fused" : "separate")"
        case .bf16Pairs: "bf16 pairs"
        case .bf16Tiles: "bf16 tiles"
        case .int8: "int8 rows"
        }
    }

    /// The kind of packed numbers; nil where weights stay as they are stored.
    var packed: medmoe_packed_kind? {
        switch self {
        case .f32: nil
        case .bf16Pairs: MEDMOE_PACKED_BF16_PAIRS
        case .bf16Tiles: MEDMOE_PACKED_BF16_TILES
        case .int8: MEDMOE_PACKED_INT8
        }
    }
}
