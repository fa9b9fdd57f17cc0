internal import CKernels

/// Layer normalisation with a weight and a bias for each column.
package struct LayerNorm: ~Copyable, Sendable {
    private let weight: Tensor
    private let bias: Tensor
    private let epsilon: Float

    /// Takes weight and bias of shape `(columns)`.
    package init(weight: consuming Tensor, bias: consuming Tensor, epsilon: Float) {
        precondition(weight.shape.count == bias.shape.count, "weight and bias of a norm have one length")
        self.weight = weight
        self.bias = bias
        self.epsilon = epsilon
    }

    /// Normalises each row of `(rows, columns)`.
    package func callAsFunction(_ input: borrowing Tensor, on pool: ThreadPool) -> Tensor {
        let columns = input.columns
        precondition(columns == weight.shape.count, "input \(input.shape) against \(weight.shape)")
        let output = Tensor(uninitialized: input.shape)
        let (x, w, b, y) = unsafe (input.base, weight.base, bias.base, output.base)
        let epsilon = epsilon
        RowTasks.run(input.rows, on: pool) { row in
            unsafe medmoe_layer_norm_f32(x + row * columns, w, b, columns, epsilon, y + row * columns)
        }
        return output
    }
}
