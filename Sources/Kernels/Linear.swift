internal import COpenBLAS

/// The weights of a linear layer, `y = x Wᵀ + b`, kept as the kernels want them.
package struct Linear: ~Copyable, Sendable {
    /// `(outputs, inputs)`.
    let weight: Tensor
    /// `(outputs)`, or `(0)` where the layer has none.
    let bias: Tensor

    /// Takes a weight of shape `(outputs, inputs)` and an optional bias of `(outputs)`.
    package init(weight: consuming Tensor, bias: consuming Tensor?) {
        precondition(weight.shape.extents.count == 2, "a linear weight has two dimensions")
        let outputs = weight.rows
        self.weight = weight
        switch consume bias {
        case .some(let bias):
            precondition(bias.shape.count == outputs, "one bias for each output")
            self.bias = bias
        case .none:
            self.bias = Tensor(zeros: TensorShape(0))
        }
    }

    /// Length of an input row.
    package var inputs: Int { weight.columns }
    /// Length of an output row.
    package var outputs: Int { weight.rows }
    /// Bytes that the layer's numbers take.
    package var byteCount: Int { (weight.shape.count + bias.shape.count) * MemoryLayout<Float>.stride }

    /// Multiplies `(rows, inputs)` into `(rows, outputs)`.
    ///
    /// OpenBLAS lets a row's last digits depend on how many rows share a call and on the row's place among them. Here
    /// every call has the same shape, a block of `rowsPerBlock` rows (the last one filled up with zeros) by one fixed
    /// range of outputs, and the rows are the lanes of the library's vectors (the product is taken transposed), where
    /// all places are alike. So a row's bits depend on that row alone: not on its neighbours, the thread count or the
    /// process. `LinearTests` holds that against the library on the machine.
    package func callAsFunction(_ input: borrowing Tensor, on pool: ThreadPool) -> Tensor {
        precondition(input.columns == inputs, "input \(input.shape) does not fit a weight of \(weight.shape)")
        let rows = input.rows
        let output = Tensor(uninitialized: TensorShape(rows, outputs))
        guard rows > 0 else { return output }
        BLASLibrary.useOneThread
        let tail = rows % Self.rowsPerBlock
        let padded = Tensor(zeros: TensorShape(tail == 0 ? 0 : Self.rowsPerBlock, inputs))
        if tail > 0 { unsafe padded.base.update(from: input.base + (rows - tail) * inputs, count: tail * inputs) }

        let (x, w, y, last) = unsafe (input.base, weight.base, output.base, padded.base)
        let (b, hasBias) = unsafe (bias.base, bias.shape.count > 0)
        let (inputs, outputs) = (self.inputs, self.outputs)
        let blocks = (rows + Self.rowsPerBlock - 1) / Self.rowsPerBlock
        let ranges = (outputs + Self.outputsPerTask - 1) / Self.outputsPerTask
        pool.run(blocks * ranges) { task in
            let firstRow = task / ranges * Self.rowsPerBlock
            let firstOutput = task % ranges * Self.outputsPerTask
            let width = min(Self.outputsPerTask, outputs - firstOutput)
            let kept = min(Self.rowsPerBlock, rows - firstRow)
            let block = unsafe kept == Self.rowsPerBlock ? x + firstRow * inputs : last
            unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.rowsPerBlock * width) { scratch in
                guard let transposed = scratch.baseAddress else { return }
                unsafe Self.multiply(block, w + firstOutput * inputs, transposed, inputs: inputs, width: width)
                for row in 0..<kept {
                    let target = unsafe y + (firstRow + row) * outputs + firstOutput
                    for column in 0..<width {
                        let bias: Float = unsafe hasBias ? b[firstOutput + column] : 0
                        unsafe target[column] = transposed[column * Self.rowsPerBlock + row] + bias
                    }
                }
            }
        }
        return output
    }

    /// Rows of each library call: one size for every call, see `callAsFunction`.
    static let rowsPerBlock = 16
    /// Outputs of each library call: fixed too, whatever the number of threads.
    static let outputsPerTask = 256

    /// `y = (x Wᵀ)ᵀ` for one block: x `(rowsPerBlock, inputs)`, w `(width, inputs)`, y `(width, rowsPerBlock)`.
    private static func multiply(
        _ x: UnsafePointer<Float>,
        _ w: UnsafePointer<Float>,
        _ y: UnsafeMutablePointer<Float>,
        inputs: Int,
        width: Int,
    ) {
        unsafe cblas_sgemm(
            CblasColMajor,
            CblasTrans,
            CblasNoTrans,
            blasint(rowsPerBlock),
            blasint(width),
            blasint(inputs),
            1,
            x,
            blasint(inputs),
            w,
            blasint(inputs),
            0,
            y,
            blasint(rowsPerBlock),
        )
    }
}
