/// The weight of a linear layer as a checkpoint stores it.
package enum LinearWeight: Sendable {
    /// Numbers of 16 or 32 bits.
    case numbers(WeightMatrix)
    /// Bytes with scales, for `ComputeDType.int8` alone.
    case bytes(ByteMatrix)

    /// The first rows alone; the memory stays the same.
    package func prefix(_ count: Int) -> LinearWeight {
        switch self {
        case .numbers(let matrix): .numbers(matrix.prefix(count))
        case .bytes(let matrix): .bytes(matrix.prefix(count))
        }
    }
}

extension Linear {
    /// Takes a weight of shape `(outputs, inputs)` as it is stored and an optional bias of `(outputs)`.
    ///
    /// Bytes give the bits that the numbers give which they were rounded from.
    package init(weight: LinearWeight, bias: consuming Tensor?, dtype: ComputeDType) {
        switch weight {
        case .numbers(let matrix): self.init(weight: matrix, bias: bias, dtype: dtype)
        case .bytes(let matrix):
            precondition(dtype == .int8, "bytes are not numbers for \(dtype)")
            self.init(weight: matrix, bias: bias)
        }
    }
}
