internal import CKernels

/// A weight `(rows, columns)` that is stored in bytes, with a scale for each row: a number is its byte times the scale.
///
/// The bytes stay where they are, in memory that somebody else may own, until they are packed.
@safe
package struct ByteMatrix {
    /// Rows: the outputs of a linear layer.
    package let rows: Int
    /// Numbers in a row.
    package let columns: Int
    /// A scale for each row.
    package let scales: [Float]

    /// `rows * columns` signed bytes in the memory of `owner`.
    let base: UnsafePointer<Int8>
    private let owner: any AnyObject & Sendable

    /// Takes bytes in memory that `owner` keeps alive and nobody changes.
    package init(
        unsafe bytes: UnsafeRawBufferPointer,
        scales: [Float],
        columns: Int,
        owner: any AnyObject & Sendable,
    ) {
        precondition(columns >= 0 && bytes.count == scales.count * columns, "\(bytes.count) bytes")
        rows = scales.count
        self.columns = columns
        self.scales = scales
        self.owner = owner
        // No bytes may have no address; nobody looks at it then.
        let start = unsafe bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 64).unsafelyUnwrapped
        unsafe base = start.assumingMemoryBound(to: Int8.self)
    }

    /// The first rows alone; the memory stays the same.
    package func prefix(_ count: Int) -> ByteMatrix {
        precondition(count >= 0 && count <= rows, "\(count) rows of \(rows)")
        return unsafe ByteMatrix(
            unsafe: UnsafeRawBufferPointer(start: base, count: count * columns),
            scales: Array(scales.prefix(count)),
            columns: columns,
            owner: owner,
        )
    }
}

/// The memory is kept alive by `owner`, and nobody writes to it.
extension ByteMatrix: @unchecked Sendable {}

/// Rounds rows to bytes, just as a layer of `ComputeDType.int8` does when it is made of wider numbers.
package enum ByteRounding {
    /// The bytes of `rows`, which has a whole number of rows of `columns` numbers, and a scale for each of them.
    package static func round(_ rows: Span<Float>, columns: Int) -> (bytes: [Int8], scales: [Float]) {
        precondition(columns > 0 && rows.count % columns == 0, "\(rows.count) numbers in rows of \(columns)")
        var bytes = [Int8](repeating: 0, count: rows.count)
        var scales: [Float] = []
        scales.reserveCapacity(rows.count / columns)
        unsafe rows.withUnsafeBufferPointer { rows in
            unsafe bytes.withUnsafeMutableBufferPointer { bytes in
                guard let from = rows.baseAddress, let to = bytes.baseAddress else { return }
                for start in stride(from: 0, to: rows.count, by: columns) {
                    scales.append(unsafe medmoe_quantize_row(from + start, columns, to + start))
                }
            }
        }
        return (bytes, scales)
    }
}
