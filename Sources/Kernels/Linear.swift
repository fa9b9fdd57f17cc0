internal import CKernels

/// A linear layer, `y = x Wᵀ + b`.
///
/// In float32 its weights stay as they are stored, float32, bfloat16 or float16, widened in the kernel, exactly; in
/// other dtypes they are rounded and packed when it is made. Every product is summed in one fixed order along the
/// inputs, so a row's bits depend on that row alone: not on its neighbours, the thread count or the process.
package struct Linear: Sendable {
    enum Weights: Sendable {
        /// `(outputs, inputs)` and, where the layer has one, its bias `(1, outputs)` in float32.
        case stored(WeightMatrix, bias: WeightMatrix?)
        case packed(PackedMatrix)
    }

    let weights: Weights
    /// Length of an input row.
    package let inputs: Int
    /// Length of an output row.
    package let outputs: Int
    /// What it computes with.
    package let dtype: ComputeDType

    /// Takes a weight of shape `(outputs, inputs)` and an optional bias of `(outputs)`.
    package init(weight: WeightMatrix, bias: consuming Tensor?, dtype: ComputeDType = .f32) {
        (inputs, outputs) = (weight.columns, weight.rows)
        self.dtype = dtype
        let bias = WeightMatrix(bias: bias, rows: weight.rows)
        weights =
            dtype.packed == nil ? .stored(weight, bias: bias) : .packed(PackedMatrix(weight, bias: bias, dtype: dtype))
    }

    /// Takes a float32 weight of shape `(outputs, inputs)` and an optional bias of `(outputs)`.
    package init(weight: consuming Tensor, bias: consuming Tensor?, dtype: ComputeDType = .f32) {
        self.init(weight: WeightMatrix(weight), bias: bias, dtype: dtype)
    }

    /// Takes a weight `(outputs, inputs)` of bytes and an optional bias of `(outputs)`, to compute in int8.
    package init(weight: ByteMatrix, bias: consuming Tensor?) {
        (inputs, outputs) = (weight.columns, weight.rows)
        dtype = .int8
        weights = .packed(PackedMatrix(weight, bias: WeightMatrix(bias: bias, rows: weight.rows)))
    }

    /// Bytes that the layer's numbers take in memory.
    package var byteCount: Int {
        switch weights {
        case .stored(let weight, let bias): weight.byteCount + (bias?.byteCount ?? 0)
        case .packed(let matrix): matrix.byteCount
        }
    }

    /// Multiplies `(rows, inputs)` into `(rows, outputs)`.
    ///
    /// `instructions` is for tests and measurements; it must be one of `InstructionSet.available`.
    package func callAsFunction(
        _ input: borrowing Tensor,
        instructions: InstructionSet = .best,
        on pool: ThreadPool,
    ) -> Tensor {
        precondition(input.columns == inputs, "input \(input.shape) does not fit a weight of (\(outputs), \(inputs))")
        let output = Tensor(uninitialized: TensorShape(input.rows, outputs))
        let rows = LinearInput(input, dtype: dtype, instructions: instructions)
        pool.run([rows.packing])
        unsafe pool.run([job(rows, into: output.base)])
        return output
    }

    /// The product as a job; `target` is `(rows, outputs)`.
    func job(_ input: LinearInput, into target: UnsafeMutablePointer<Float>) -> PoolJob {
        precondition(input.inputs == inputs && input.dtype == dtype, "\(input.inputs) inputs for \(inputs)")
        guard input.rows > 0, outputs > 0 else { return .nothing }
        let (set, outputs) = (input.instructions.c, outputs)
        switch weights {
        case .stored(let weight, let bias):
            let description = unsafe medmoe_linear(
                x: input.plain,
                packed: UnsafePointer(input.packed?.assumingMemoryBound(to: Float.self)),
                rows: input.rows,
                inputs: inputs,
                outputs: outputs,
                weights: weight.base,
                kind: weight.kind.c,
                bias: bias?.base.assumingMemoryBound(to: Float.self),
                y: target,
            )
            return PoolJob((outputs + Self.outputsPerTask - 1) / Self.outputsPerTask) { task in
                let first = task * Self.outputsPerTask
                unsafe withUnsafePointer(to: description) { job in
                    unsafe medmoe_linear_run(job, first, min(outputs, first + Self.outputsPerTask), set)
                }
                extendLifetime(input)
            }
        case .packed(let matrix):
            let rows = unsafe input.packedRows
            return Self.panelJob(matrix.panels) { first, end in
                unsafe matrix.run(
                    rows,
                    panels: first..<end,
                    into: target + first * Self.width,
                    stride: outputs,
                    set: set
                )
                extendLifetime(input)
            }
        }
    }

    /// Splits panels over tasks that become smaller towards the end: long runs of memory first, since those are read
    /// fastest, and small ones last, so that all threads end together.
    static func panelJob(_ panels: Int, _ body: @escaping (_ first: Int, _ end: Int) -> Void) -> PoolJob {
        var starts = [0]
        while let first = starts.last, first < panels {
            starts.append(first + max(1, min(24, (panels - first) / shareDivisor)))
        }
        return PoolJob(starts.count - 1) { task in body(starts[task], starts[task + 1]) }
    }

    /// A task takes this part of what is left.
    private static let shareDivisor = 6

    /// Outputs of a panel.
    static let width = Int(MEDMOE_PANEL_OUTPUTS)
    /// Outputs of a task over stored weights: a multiple of every tile's width, small enough to share a layer out evenly.
    private static let outputsPerTask = 48
}

extension PackedMatrix {
    /// Multiplies packed rows by some panels; `target` is where the first of their outputs goes.
    func run(
        _ rows: medmoe_packed_rows,
        panels: Range<Int>,
        into target: UnsafeMutablePointer<Float>,
        stride: Int,
        set: medmoe_instructions,
    ) {
        unsafe withUnsafePointer(to: c) { matrix in
            unsafe withUnsafePointer(to: rows) { rows in
                unsafe medmoe_packed_run(matrix, rows, panels.lowerBound, panels.upperBound, target, stride, set)
            }
        }
    }
}
