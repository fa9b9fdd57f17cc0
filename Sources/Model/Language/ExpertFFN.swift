package import Kernels

/// One feed-forward block: an expert, the meta expert or the block of a layer that is no mixture.
package final class ExpertFFN: Sendable {
    private enum Layers: ~Copyable, Sendable {
        /// `down(silu(gate x) * up x)`.
        case swiglu(gate: Linear, up: Linear, down: Linear)
        /// `contract(gelu_new(expand x))`.
        case gelu(expand: Linear, contract: Linear)
    }

    private let layers: Layers
    /// Length of its input and output rows.
    package let hiddenSize: Int
    /// Bytes that its numbers take, as stored.
    package let byteCount: Int

    /// The StableLM form: gate and up `(intermediateSize, hiddenSize)`, down `(hiddenSize, intermediateSize)`.
    package init(gate: consuming Linear, up: consuming Linear, down: consuming Linear) {
        precondition(gate.outputs == up.outputs && gate.inputs == up.inputs && down.inputs == up.outputs)
        hiddenSize = down.outputs
        byteCount = gate.byteCount + up.byteCount + down.byteCount
        layers = .swiglu(gate: gate, up: up, down: down)
    }

    /// The Phi form: expand `(intermediateSize, hiddenSize)`, contract `(hiddenSize, intermediateSize)`.
    package init(expand: consuming Linear, contract: consuming Linear) {
        precondition(expand.outputs == contract.inputs && expand.inputs == contract.outputs)
        hiddenSize = contract.outputs
        byteCount = expand.byteCount + contract.byteCount
        layers = .gelu(expand: expand, contract: contract)
    }

    /// Maps `(rows, hiddenSize)` to the same shape, each row by itself.
    package func callAsFunction(_ input: borrowing Tensor, on pool: ThreadPool) -> Tensor {
        switch layers {
        case .swiglu(let gate, let up, let down):
            let middle = Activation.swiglu(gate: gate(input, on: pool), up: up(input, on: pool), on: pool)
            return down(middle, on: pool)
        case .gelu(let expand, let contract):
            var middle = expand(input, on: pool)
            Activation.geluTanh(&middle, on: pool)
            return contract(middle, on: pool)
        }
    }
}
