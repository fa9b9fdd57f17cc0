internal import CKernels

/// A linear layer, `y = x Wᵀ + b`, over weights as they are stored: float32, bfloat16 or float16.
///
/// Weights are widened in the kernel, exactly, and every product is summed in float32 in one fixed order along the
/// inputs. So a row's bits depend on that row alone: not on its neighbours, the thread count or the process; and a
/// checkpoint stored in 16 bits gives the bits of the same numbers stored in 32.
package struct Linear: Sendable {
    /// `(outputs, inputs)`.
    private let weight: WeightMatrix
    /// `(1, outputs)` in float32, or nil where the layer has none.
    private let bias: WeightMatrix?

    /// Takes a weight of shape `(outputs, inputs)` and an optional bias of `(outputs)`.
    package init(weight: WeightMatrix, bias: consuming Tensor?) {
        self.weight = weight
        self.bias = WeightMatrix(bias: bias, of: weight)
    }

    /// Takes a float32 weight of shape `(outputs, inputs)` and an optional bias of `(outputs)`.
    package init(weight: consuming Tensor, bias: consuming Tensor?) {
        self.init(weight: WeightMatrix(weight), bias: bias)
    }

    /// Length of an input row.
    package var inputs: Int { weight.columns }
    /// Length of an output row.
    package var outputs: Int { weight.rows }
    /// Bytes that the layer's numbers take, as stored.
    package var byteCount: Int { weight.byteCount + (bias?.byteCount ?? 0) }

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
        guard input.rows > 0, outputs > 0 else { return output }
        let set = instructions.c
        let tiles = medmoe_linear_tiles(input.rows, set)
        let packed = Tensor(uninitialized: TensorShape(tiles * medmoe_linear_tile_floats(inputs, set)))
        var job = unsafe medmoe_linear(
            x: input.base,
            packed: nil,
            rows: input.rows,
            inputs: inputs,
            outputs: outputs,
            weights: weight.base,
            kind: weight.kind.c,
            bias: bias?.base.assumingMemoryBound(to: Float.self),
            y: output.base,
        )
        if tiles > 0 {
            let tasks = (tiles + Self.tilesPerTask - 1) / Self.tilesPerTask
            let plain = unsafe job
            pool.run(tasks) { task in
                let first = task * Self.tilesPerTask
                unsafe withUnsafePointer(to: plain) { plain in
                    let end = min(tiles, first + Self.tilesPerTask)
                    unsafe medmoe_linear_pack(plain, packed.base, first, end, set)
                }
            }
            unsafe job.packed = UnsafePointer(packed.base)
        }
        let ready = unsafe job
        let outputs = outputs
        pool.run((outputs + Self.outputsPerTask - 1) / Self.outputsPerTask) { task in
            let first = task * Self.outputsPerTask
            unsafe withUnsafePointer(to: ready) { ready in
                unsafe medmoe_linear_run(ready, first, min(outputs, first + Self.outputsPerTask), set)
            }
        }
        return output
    }

    /// Outputs of a task: a multiple of every tile's width, small enough to share a layer out evenly.
    private static let outputsPerTask = 48
    /// Tiles of rows that one task packs.
    private static let tilesPerTask = 16
}
