package import Kernels

/// The element type of a tensor frame, whose raw value is its name for people; elements are little-endian.
package enum WireDType: String, Hashable, Sendable, CaseIterable {
    /// IEEE 754 binary32.
    case float32 = "f32"
    /// IEEE 754 binary16.
    case float16 = "f16"
    /// The upper half of a binary32.
    case bfloat16 = "bf16"

    /// Bytes of one element.
    package var size: Int { kind.byteCount }

    /// What widens and narrows the elements.
    package var kind: WeightKind {
        switch self {
        case .float32: .f32
        case .float16: .f16
        case .bfloat16: .bf16
        }
    }
}
