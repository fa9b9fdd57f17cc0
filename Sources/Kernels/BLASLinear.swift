internal import CKernels
internal import COpenBLAS

/// A linear layer through OpenBLAS, for inputs whose number of rows is always the same.
///
/// OpenBLAS lets a row's last digits depend on how many rows share a call. Where every call has one shape, as in the
/// vision tower (a picture's positions, each picture by itself), that cannot be seen, and for hundreds of rows the
/// library is faster than `Linear`. Each call gets one fixed range of outputs, so the thread count cannot be seen
/// either.
package struct BLASLinear: Sendable {
    private let weight: WeightMatrix
    /// `(1, outputs)` in float32, or nil where the layer has none.
    private let bias: WeightMatrix?

    /// Takes a weight of shape `(outputs, inputs)` and an optional bias of `(outputs)`.
    package init(weight: WeightMatrix, bias: consuming Tensor?) {
        self.weight = weight
        self.bias = WeightMatrix(bias: bias, rows: weight.rows)
    }

    /// Length of an output row.
    package var outputs: Int { weight.rows }

    /// Multiplies `(rows, inputs)` into `(rows, outputs)`.
    package func callAsFunction(_ input: borrowing Tensor, on pool: ThreadPool) -> Tensor {
        precondition(input.columns == weight.columns, "\(input.shape) against (\(weight.rows), \(weight.columns))")
        let output = Tensor(uninitialized: TensorShape(input.rows, outputs))
        guard input.rows > 0 else { return output }
        BLASLibrary.useOneThread
        let (rows, inputs, outputs) = (input.rows, weight.columns, weight.rows)
        let (x, y, weight) = unsafe (input.base, output.base, weight)
        let b = unsafe bias?.base.assumingMemoryBound(to: Float.self)
        pool.run((outputs + Self.outputsPerTask - 1) / Self.outputsPerTask) { task in
            let first = task * Self.outputsPerTask
            let width = min(Self.outputsPerTask, outputs - first)
            // One range of weights at a time: the widened layer is never whole in memory.
            let wide = Tensor(uninitialized: TensorShape(width, inputs))
            let stored = unsafe weight.base + first * inputs * weight.kind.byteCount
            unsafe medmoe_widen(stored, weight.kind.c, width * inputs, wide.base)
            for row in 0..<rows {
                for column in 0..<width {
                    unsafe y[row * outputs + first + column] = b.map { unsafe $0[first + column] } ?? 0
                }
            }
            unsafe Self.multiply(x, wide.base, y + first, rows: rows, inputs: inputs, width: width, stride: outputs)
        }
        return output
    }

    /// Outputs of each library call: fixed, whatever the number of threads.
    private static let outputsPerTask = 256

    /// `y += x wᵀ`: x `(rows, inputs)`, w `(width, inputs)`, y `(rows, width)` with rows `stride` apart.
    private static func multiply(
        _ x: UnsafePointer<Float>,
        _ w: UnsafePointer<Float>,
        _ y: UnsafeMutablePointer<Float>,
        rows: Int,
        inputs: Int,
        width: Int,
        stride: Int,
    ) {
        unsafe cblas_sgemm(
            CblasRowMajor,
            CblasNoTrans,
            CblasTrans,
            blasint(rows),
            blasint(width),
            blasint(inputs),
            1,
            x,
            blasint(inputs),
            w,
            blasint(inputs),
            1,
            y,
            blasint(stride),
        )
    }
}
