internal import CKernels

/// A weight `(rows, columns)` as it is stored, in memory that somebody else may own: a mapped file, or a tensor.
///
/// Nothing is copied or widened until a kernel reads it, so a process holds no more than the bytes of its tensors.
@safe
package struct WeightMatrix {
    /// The kind of the stored numbers.
    package let kind: WeightKind
    /// Rows: the outputs of a linear layer, or the entries of a table.
    package let rows: Int
    /// Numbers in a row.
    package let columns: Int

    /// `rows * columns` numbers at any address, in the memory of `owner`.
    let base: UnsafeRawPointer
    private let owner: any AnyObject & Sendable

    /// Takes numbers in memory that `owner` keeps alive and nobody changes.
    package init(
        unsafe bytes: UnsafeRawBufferPointer,
        kind: WeightKind,
        rows: Int,
        columns: Int,
        owner: any AnyObject & Sendable,
    ) {
        precondition(rows >= 0 && columns >= 0 && bytes.count == rows * columns * kind.byteCount)
        self.kind = kind
        self.rows = rows
        self.columns = columns
        self.owner = owner
        // No bytes may have no address; nobody looks at it then.
        unsafe base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 64).unsafelyUnwrapped
    }

    /// Takes the numbers of a tensor of two dimensions.
    package init(_ tensor: consuming Tensor) {
        precondition(tensor.shape.extents.count == 2, "a weight has two dimensions")
        rows = tensor.rows
        columns = tensor.columns
        kind = .f32
        unsafe base = UnsafeRawPointer(tensor.base)
        owner = Keeper(tensor)
    }

    /// The bias of a linear layer as `(1, outputs)` in float32; nil where the layer has none.
    init?(bias: consuming Tensor?, rows outputs: Int) {
        switch consume bias {
        case .some(let bias):
            precondition(bias.shape.count == outputs, "one bias for each output")
            self.init(bias.reshaped(TensorShape(1, outputs)))
        case .none:
            return nil
        }
    }

    /// Bytes that the stored numbers take.
    package var byteCount: Int { rows * columns * kind.byteCount }

    /// The rows that `indices` names, in that order, widened to floats.
    package func gathering(_ indices: [Int]) -> Tensor {
        let output = Tensor(uninitialized: TensorShape(indices.count, columns))
        for (target, source) in indices.enumerated() {
            precondition(source >= 0 && source < rows, "row \(source) of \(rows)")
            let start = unsafe base + source * columns * kind.byteCount
            unsafe medmoe_widen(start, kind.c, columns, output.base + target * columns)
        }
        return output
    }

    /// The first rows alone; the memory stays the same.
    package func prefix(_ count: Int) -> WeightMatrix {
        precondition(count >= 0 && count <= rows, "\(count) rows of \(rows)")
        return WeightMatrix(prefix: count, of: self)
    }

    private init(prefix count: Int, of whole: WeightMatrix) {
        kind = whole.kind
        rows = count
        columns = whole.columns
        unsafe base = whole.base
        owner = whole.owner
    }

    /// Owns a tensor whose numbers a matrix points at.
    private final class Keeper: Sendable {
        private let tensor: Tensor
        init(_ tensor: consuming Tensor) { self.tensor = tensor }
    }
}

/// The memory is kept alive by `owner`, and nobody writes to it.
extension WeightMatrix: @unchecked Sendable {}
