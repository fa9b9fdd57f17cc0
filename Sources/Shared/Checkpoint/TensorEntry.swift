/// What a safetensors header says about one tensor.
package struct TensorEntry: Hashable, Sendable {
    /// The tensor's name.
    package let name: String
    /// The kind of its numbers.
    package let dtype: TensorDType
    /// Its extents, outermost first; empty for a single number.
    package let shape: [Int]
    /// Where its bytes lie, in bytes from the start of the file.
    package let byteRange: Range<Int>

    /// The number of elements.
    package var elementCount: Int { byteRange.count / dtype.byteCount }

    /// The number of elements of a shape; nil when it is not an `Int` or an extent is negative.
    static func elementCount(of shape: [Int]) -> Int? {
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else { return nil }
            count = product
        }
        return count
    }

    /// `(4, 192)`.
    package static func describe(_ shape: [Int]) -> String {
        "(" + shape.map(String.init).joined(separator: ", ") + ")"
    }
}
