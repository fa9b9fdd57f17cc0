package import Kernels

/// One feed-forward block of the StableLM form: `down(silu(gate x) * up x)`; an expert, the meta expert or a dense block.
package final class ExpertFFN: Sendable {
    private let gate: Linear
    private let up: Linear
    private let down: Linear

    /// Takes the three projections: gate and up `(intermediateSize, hiddenSize)`, down `(hiddenSize, intermediateSize)`.
    package init(gate: consuming Linear, up: consuming Linear, down: consuming Linear) {
        precondition(gate.outputs == up.outputs && gate.inputs == up.inputs && down.inputs == up.outputs)
        self.gate = gate
        self.up = up
        self.down = down
    }

    /// Length of its input and output rows.
    package var hiddenSize: Int { down.outputs }
    /// Bytes that its numbers take.
    package var byteCount: Int { gate.byteCount + up.byteCount + down.byteCount }

    /// Maps `(rows, hiddenSize)` to the same shape, each row by itself.
    package func callAsFunction(_ input: borrowing Tensor, on pool: ThreadPool) -> Tensor {
        let middle = Activation.swiglu(gate: gate(input, on: pool), up: up(input, on: pool), on: pool)
        return down(middle, on: pool)
    }
}
