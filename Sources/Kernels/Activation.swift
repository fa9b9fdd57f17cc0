internal import CKernels

/// The activation functions of the published models, applied in place or fused with their product.
package enum Activation {
    /// `silu(gate) * up` for two tensors of one shape: the middle of a SwiGLU block.
    package static func swiglu(
        gate: borrowing Tensor,
        up: borrowing Tensor,
        on pool: ThreadPool,
    ) -> Tensor {
        precondition(gate.shape == up.shape, "gate \(gate.shape) against up \(up.shape)")
        let output = Tensor(uninitialized: gate.shape)
        let (g, u, y) = unsafe (gate.base, up.base, output.base)
        let columns = gate.columns
        RowTasks.run(gate.rows, on: pool) { row in
            let start = row * columns
            unsafe medmoe_silu_multiply_f32(g + start, u + start, y + start, columns)
        }
        return output
    }

    /// `x * sigmoid(1.702 x)`, CLIP's quick_gelu, in place.
    package static func quickGELU(_ values: inout Tensor, on pool: ThreadPool) {
        let (x, columns) = unsafe (values.base, values.columns)
        RowTasks.run(values.rows, on: pool) { row in unsafe medmoe_quick_gelu_f32(x + row * columns, columns) }
    }

    /// The tanh form of GELU that Phi-2 uses (`gelu_new`), in place.
    package static func geluTanh(_ values: inout Tensor, on pool: ThreadPool) {
        let (x, columns) = unsafe (values.base, values.columns)
        RowTasks.run(values.rows, on: pool) { row in unsafe medmoe_gelu_tanh_f32(x + row * columns, columns) }
    }

    /// The exact GELU, `x Φ(x)`, in place.
    package static func gelu(_ values: inout Tensor, on pool: ThreadPool) {
        let (x, columns) = unsafe (values.base, values.columns)
        RowTasks.run(values.rows, on: pool) { row in unsafe medmoe_gelu_f32(x + row * columns, columns) }
    }
}
