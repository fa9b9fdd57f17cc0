internal import CKernels

/// CRC-32C, which tells bytes that were changed by accident from those that were meant; not a defence against forgers.
package enum Checksum {
    /// The checksum of bytes, going on from that of those before them.
    package static func crc32c(_ bytes: RawSpan, after before: UInt32 = 0) -> UInt32 {
        crc32c(bytes, after: before, byInstruction: true)
    }

    /// The same, without the CPU's instruction for it where `byInstruction` is false.
    package static func crc32c(_ bytes: RawSpan, after before: UInt32 = 0, byInstruction: Bool) -> UInt32 {
        unsafe bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return before }
            return unsafe medmoe_crc32c(before, start, bytes.count, byInstruction ? 1 : 0)
        }
    }

    /// Whether this CPU has an instruction for it.
    package static var hasInstruction: Bool { medmoe_has_checksum_instruction() != 0 }
}

extension Tensor {
    /// The checksum of the numbers' bytes as they lie in memory.
    package var checksum: UInt32 { Checksum.crc32c(unsafe span.bytes) }

    /// Whether all numbers are finite.
    package var isFinite: Bool { WeightKind.f32.areFinite(unsafe span.bytes) }
}
