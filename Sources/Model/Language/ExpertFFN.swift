package import Kernels

/// One feed-forward block: an expert, the meta expert or the block of a layer that is no mixture.
package final class ExpertFFN: Sendable {
    let layers: FeedForwardLayers
    /// Length of its input and output rows.
    package let hiddenSize: Int
    /// Bytes that its numbers take in memory.
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
        let calls = FeedForwardCall.run([(layers, nil)], rows: input, on: pool)
        return calls[0].take()
    }

    /// Maps `(rows, hiddenSize)` into `output` of the same shape, each row by itself.
    package func callAsFunction(_ input: borrowing Tensor, into output: consuming Tensor, on pool: ThreadPool) {
        FeedForwardCall.run(layers, rows: input, into: output, on: pool)
    }
}
