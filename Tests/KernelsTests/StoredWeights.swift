import Kernels
import TestKit

/// Memory with stored numbers at an odd address, as a file's may be.
final class StoredBytes: @unchecked Sendable {
    let buffer: UnsafeMutableRawBufferPointer

    init(_ bytes: [UInt8]) {
        buffer = .allocate(byteCount: bytes.count + 1, alignment: 64)
        for (index, byte) in bytes.enumerated() { buffer[index + 1] = byte }
    }

    deinit { buffer.deallocate() }
}

/// A weight stored in some kind, and the same numbers as floats.
struct StoredWeights {
    let matrix: WeightMatrix
    let floats: [Float]

    /// Rounds seeded numbers to the kind and stores them.
    init(_ kind: WeightKind, rows: Int, columns: Int, random: inout SeededGenerator) {
        let bytes = kind.narrow(random.floats(rows * columns).span)
        var wide = [Float](repeating: 0, count: rows * columns)
        var span = wide.mutableSpan
        kind.widen(bytes.span.bytes, into: &span)
        floats = wide
        let memory = StoredBytes(bytes)
        matrix = WeightMatrix(
            unsafe: UnsafeRawBufferPointer(rebasing: memory.buffer[1...]),
            kind: kind,
            rows: rows,
            columns: columns,
            owner: memory
        )
    }
}
