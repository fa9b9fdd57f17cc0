internal import CKernels

extension WeightKind {
    /// Whether all numbers of this kind in `bytes` are finite; bytes left over at the end are not seen.
    package func areFinite(_ bytes: RawSpan) -> Bool {
        let count = bytes.byteCount / byteCount
        return unsafe bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return true }
            return switch self {
            case .f32: unsafe medmoe_all_finite_f32(start, count)
            case .bf16: unsafe medmoe_all_finite_bf16(start, count)
            case .f16: unsafe medmoe_all_finite_f16(start, count)
            }
        }
    }
}
