internal import CKernels

/// The CPU instructions that the kernels of linear layers and of attention use.
package enum InstructionSet: String, CaseIterable, Sendable {
    /// What every CPU of the architecture has.
    case baseline
    /// AVX2 with FMA and F16C.
    case avx2
    /// AVX-512 F, BW, VL and DQ.
    case avx512
    /// AVX-512 with BF16 and VNNI.
    case avx512Dot
    /// The same, and AMX with tiles of brain floats and bytes.
    case amx

    /// The best set of this CPU.
    package static let best: InstructionSet = InstructionSet(medmoe_best_instructions())

    /// The sets that this CPU has.
    package static var available: [InstructionSet] {
        allCases.filter { $0.c.rawValue <= medmoe_best_instructions().rawValue }
    }

    /// Whether a product is added in one rounding; all sets that do give the same bits.
    package var fuses: Bool { medmoe_instructions_fuse(c) != 0 }

    private init(_ instructions: medmoe_instructions) {
        switch instructions {
        case MEDMOE_INSTRUCTIONS_AMX: self = .amx
        case MEDMOE_INSTRUCTIONS_AVX512_DOT: self = .avx512Dot
        case MEDMOE_INSTRUCTIONS_AVX512: self = .avx512
        case MEDMOE_INSTRUCTIONS_AVX2: self = .avx2
        default: self = .baseline
        }
    }

    var c: medmoe_instructions {
        switch self {
        case .baseline: MEDMOE_INSTRUCTIONS_BASELINE
        case .avx2: MEDMOE_INSTRUCTIONS_AVX2
        case .avx512: MEDMOE_INSTRUCTIONS_AVX512
        case .amx: MEDMOE_INSTRUCTIONS_AMX
        case .avx512Dot: MEDMOE_INSTRUCTIONS_AVX512_DOT
        }
    }
}
