internal import Kernels
internal import Shared

/// One decoder layer: attention and a dense or mixture feed-forward part.
final class DecoderLayer: Sendable {
    /// How the two parts of a layer stand to each other.
    enum Arrangement: ~Copyable, Sendable {
        /// StableLM: one after the other, the feed-forward part behind a norm of its own;
        /// `h = x + Attn(LN1(x))`, `out = h + FFN(LN2(h))`.
        case sequential(LayerNorm)
        /// Phi: side by side behind one norm; `n = LN(x)`, `out = x + Attn(n) + FFN(n)`.
        case parallel
    }

    /// The feed-forward part of a layer.
    enum FeedForward: Sendable {
        case dense(ExpertFFN)
        case mixture(Gate, hasMeta: Bool)
    }

    private let index: Int
    private let inputNorm: LayerNorm
    private let attention: Attention
    private let arrangement: Arrangement
    private let feedForward: FeedForward

    init(
        index: Int,
        inputNorm: consuming LayerNorm,
        attention: consuming Attention,
        arrangement: consuming Arrangement,
        feedForward: FeedForward,
    ) {
        self.index = index
        self.inputNorm = inputNorm
        self.attention = attention
        self.arrangement = arrangement
        self.feedForward = feedForward
    }

    /// What a layer's pass needs beside the hidden states.
    struct Pass {
        let batch: ForwardBatch
        let executor: any ExpertExecutor
        let observer: (any ForwardObserver)?
        let pool: ThreadPool
    }

    /// Advances the hidden states `(rows, hiddenSize)` by this layer, in place; `spoiled` gains the rows whose experts
    /// did not answer.
    func apply(
        to hidden: inout Tensor,
        pass: Pass,
        rotary: borrowing RotaryEmbedding,
        spoiled: inout [Int: ExpertFailure],
    ) {
        let normed = inputNorm(hidden, on: pass.pool)
        var attended = attention(normed, batch: pass.batch, layer: index, rotary: rotary, on: pass.pool)
        switch arrangement {
        case .sequential(let norm):
            hidden.add(attended)
            hidden.add(feed(norm(hidden, on: pass.pool), pass: pass, spoiled: &spoiled))
        case .parallel:
            attended.add(feed(normed, pass: pass, spoiled: &spoiled))
            hidden.add(attended)
        }
    }

    /// The feed-forward part's output for `(rows, hiddenSize)`.
    private func feed(
        _ seen: consuming Tensor,
        pass: Pass,
        spoiled: inout [Int: ExpertFailure],
    ) -> Tensor {
        switch feedForward {
        case .dense(let block):
            return block(seen, on: pass.pool)
        case .mixture(let gate, let hasMeta):
            let logits = gate.logits(seen, on: pass.pool)
            let decision = gate.decide(logits: logits)
            pass.observer?.routed(layer: index, logits: logits, decision: decision)
            let outputs = pass.executor.execute(
                ExpertCall(
                    layer: index,
                    input: seen,
                    routing: decision,
                    wantsMeta: hasMeta,
                    skippedRows: Set(spoiled.keys),
                    deadline: min(pass.batch.deadline, .now + pass.batch.expertTimeout),
                )
            )
            spoiled.merge(outputs.spoiledRows(decision, layer: index)) { first, _ in first }
            var sum = outputs.weightedRouted(decision)
            pass.observer?.combined(layer: index, routed: sum, meta: outputs.meta, sources: outputs.sources)
            if hasMeta { sum.add(outputs.meta) }
            return sum
        }
    }
}
