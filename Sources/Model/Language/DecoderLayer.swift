internal import Kernels
internal import Shared

/// One decoder layer of the StableLM form: attention, then a dense or a mixture feed-forward, each after its own norm.
final class DecoderLayer: Sendable {
    /// The feed-forward part of a layer.
    enum FeedForward: Sendable {
        case dense(ExpertFFN)
        case mixture(Gate, hasMeta: Bool)
    }

    private let index: Int
    private let inputNorm: LayerNorm
    private let attention: Attention
    private let feedForwardNorm: LayerNorm
    private let feedForward: FeedForward

    init(
        index: Int,
        inputNorm: consuming LayerNorm,
        attention: consuming Attention,
        feedForwardNorm: consuming LayerNorm,
        feedForward: FeedForward,
    ) {
        self.index = index
        self.inputNorm = inputNorm
        self.attention = attention
        self.feedForwardNorm = feedForwardNorm
        self.feedForward = feedForward
    }

    /// Advances the hidden states `(rows, hiddenSize)` by this layer, in place; `spoiled` gains the rows whose experts
    /// did not answer.
    func apply(
        to hidden: inout Tensor,
        batch: ForwardBatch,
        rotary: borrowing RotaryEmbedding,
        executor: any ExpertExecutor,
        spoiled: inout [Int: ExpertFailure],
        observer: (any ForwardObserver)?,
        on pool: ThreadPool,
    ) {
        let normed = inputNorm(hidden, on: pool)
        hidden.add(attention(normed, batch: batch, layer: index, rotary: rotary, on: pool))

        let seen = feedForwardNorm(hidden, on: pool)
        switch feedForward {
        case .dense(let block):
            hidden.add(block(seen, on: pool))
        case .mixture(let gate, let hasMeta):
            let logits = gate.logits(seen, on: pool)
            let decision = gate.decide(logits: logits)
            observer?.routed(layer: index, logits: logits, decision: decision)
            let outputs = executor.execute(
                ExpertCall(
                    layer: index,
                    input: seen,
                    routing: decision,
                    wantsMeta: hasMeta,
                    skippedRows: Set(spoiled.keys),
                    deadline: min(batch.deadline, .now + batch.expertTimeout),
                )
            )
            spoiled.merge(outputs.spoiledRows(decision, layer: index)) { first, _ in first }
            var sum = outputs.weightedRouted(decision)
            observer?.combined(layer: index, routed: sum, meta: outputs.meta, sources: outputs.sources)
            if hasMeta { sum.add(outputs.meta) }
            hidden.add(sum)
        }
    }
}
