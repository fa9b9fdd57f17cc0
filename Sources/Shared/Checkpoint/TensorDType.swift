package import Kernels

/// The kind of numbers that a stored tensor holds, spelt as the safetensors format spells it.
package enum TensorDType: String, Sendable, Hashable, CaseIterable {
    /// IEEE half precision.
    case f16 = "F16"
    /// The upper half of an IEEE single.
    case bf16 = "BF16"
    /// IEEE single precision.
    case f32 = "F32"
    /// IEEE double precision.
    case f64 = "F64"
    /// Eight-bit float with five exponent bits.
    case f8e5m2 = "F8_E5M2"
    /// Eight-bit float with four exponent bits.
    case f8e4m3 = "F8_E4M3"
    /// Signed 64-bit integer.
    case i64 = "I64"
    /// Signed 32-bit integer.
    case i32 = "I32"
    /// Signed 16-bit integer.
    case i16 = "I16"
    /// Signed 8-bit integer.
    case i8 = "I8"
    /// Unsigned 64-bit integer.
    case u64 = "U64"
    /// Unsigned 32-bit integer.
    case u32 = "U32"
    /// Unsigned 16-bit integer.
    case u16 = "U16"
    /// Unsigned 8-bit integer.
    case u8 = "U8"
    /// One byte, zero or one.
    case bool = "BOOL"

    /// Bytes that one number takes.
    package var byteCount: Int {
        switch self {
        case .i64, .u64, .f64: 8
        case .f32, .i32, .u32: 4
        case .f16, .bf16, .i16, .u16: 2
        case .f8e5m2, .f8e4m3, .i8, .u8, .bool: 1
        }
    }

    /// How kernels name this kind when weights may be stored in it, each such number exactly a `Float`; else nil.
    package var weightKind: WeightKind? {
        switch self {
        case .f16: .f16
        case .bf16: .bf16
        case .f32: .f32
        default: nil
        }
    }
}
