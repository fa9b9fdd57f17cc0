internal import CKernels

/// The kind of numbers that weights are stored in.
package enum WeightKind: String, CaseIterable, Sendable {
    /// IEEE single precision.
    case f32
    /// The upper half of an IEEE single.
    case bf16
    /// IEEE half precision.
    case f16

    /// Bytes of one number.
    package var byteCount: Int {
        switch self {
        case .f32: 4
        case .bf16, .f16: 2
        }
    }

    var c: medmoe_weight_kind {
        switch self {
        case .f32: MEDMOE_WEIGHTS_F32
        case .bf16: MEDMOE_WEIGHTS_BF16
        case .f16: MEDMOE_WEIGHTS_F16
        }
    }

    /// Widens stored numbers, which may lie at any address, to floats, exactly.
    ///
    /// `target` must have room for just as many.
    package func widen(_ source: RawSpan, into target: inout MutableSpan<Float>) {
        precondition(source.byteCount == target.count * byteCount, "\(source.byteCount) bytes for \(target.count)")
        unsafe source.withUnsafeBytes { source in
            unsafe target.withUnsafeMutableBufferPointer { target in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                unsafe medmoe_widen(from, c, target.count, to)
            }
        }
    }

    /// Rounds floats to numbers of this kind, to nearest and ties to even.
    package func narrow(_ source: Span<Float>) -> [UInt8] {
        return unsafe [UInt8](unsafeUninitializedCapacity: source.count * byteCount) { bytes, initialized in
            unsafe source.withUnsafeBufferPointer { source in
                if let from = source.baseAddress, let to = UnsafeMutableRawPointer(bytes.baseAddress) {
                    unsafe narrow(from, count: source.count, to: to)
                }
            }
            initialized = source.count * byteCount
        }
    }

    /// Rounds floats to numbers of this kind at `to`, an address that is good for one of them.
    func narrow(_ from: UnsafePointer<Float>, count: Int, to: UnsafeMutableRawPointer) {
        switch self {
        case .f16: unsafe medmoe_narrow_f16(from, count, to.assumingMemoryBound(to: UInt16.self))
        case .bf16: unsafe medmoe_narrow_bf16(from, count, to.assumingMemoryBound(to: UInt16.self))
        case .f32: unsafe to.copyMemory(from: from, byteCount: count * MemoryLayout<Float>.stride)
        }
    }
}
