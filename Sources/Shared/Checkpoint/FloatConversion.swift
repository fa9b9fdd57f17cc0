/// Widens stored numbers to floats, exactly: halves and brain floats are floats with bits left out.
enum FloatConversion {
    /// The float of a half's bits, subnormals, infinities and NaN included.
    ///
    /// The bits are moved to their place in a float, which leaves the exponent too small by 112, and the product puts
    /// that right for normal and subnormal numbers alike. Without a call or a branch the loop below is vectorised,
    /// where a conversion through `Float16` calls a function for each number on x86-64.
    @inline(__always)
    static func half(_ bits: UInt16) -> Float {
        let moved = UInt32(bits & 0x7FFF) << 13
        let magnitude = (Float(bitPattern: moved) * 0x1p112).bitPattern
        let special: UInt32 = moved >= 0x0F80_0000 ? 0x7F80_0000 : 0
        return Float(bitPattern: magnitude | special | UInt32(bits & 0x8000) << 16)
    }

    /// The float of a brain float's bits.
    @inline(__always)
    static func brain(_ bits: UInt16) -> Float {
        Float(bitPattern: UInt32(bits) << 16)
    }

    /// Widens the numbers in `source`, which may lie at any address, into `target`, which must have as many elements.
    ///
    /// The numbers are little-endian, as the format demands and as every supported machine has them.
    static func widen(_ source: RawSpan, _ dtype: TensorDType, into target: inout MutableSpan<Float>) {
        precondition(
            source.byteCount == target.count * dtype.byteCount,
            "\(source.byteCount) bytes for \(target.count)"
        )
        unsafe source.withUnsafeBytes { raw in
            unsafe target.withUnsafeMutableBufferPointer { floats in
                switch dtype {
                case .f16:
                    for index in floats.indices {
                        unsafe floats[index] = half(raw.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
                    }
                case .bf16:
                    for index in floats.indices {
                        unsafe floats[index] = brain(raw.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
                    }
                case .f32:
                    unsafe UnsafeMutableRawBufferPointer(floats).copyMemory(from: raw)
                default:
                    preconditionFailure("\(dtype.rawValue) is not a kind of weight")
                }
            }
        }
    }
}
