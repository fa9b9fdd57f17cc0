internal import Kernels

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

    /// Advances a pass by this layer's attention and feed-forward part; of a mixture only up to where its experts have
    /// their rows: `finish` does the rest.
    func begin(
        _ pass: ForwardPass,
        executor: any ExpertExecutor,
        rotary: borrowing RotaryEmbedding,
        on pool: ThreadPool,
    ) {
        let normed = inputNorm(pass.hidden, on: pool)
        var attended = attention(normed, batch: pass.batch, layer: index, rotary: rotary, on: pool)
        switch arrangement {
        case .sequential(let norm):
            pass.hidden.add(attended)
            let seen = norm(pass.hidden, on: pool)
            switch feedForward {
            case .dense(let block): pass.hidden.add(block(seen, on: pool))
            case .mixture(let gate, let hasMeta):
                let none = Tensor(zeros: TensorShape(0, attended.columns))
                route(seen, of: pass, by: gate, hasMeta: hasMeta, attended: none, to: executor, on: pool)
            }
        case .parallel:
            switch feedForward {
            case .dense(let block):
                attended.add(block(normed, on: pool))
                pass.hidden.add(attended)
            case .mixture(let gate, let hasMeta):
                route(normed, of: pass, by: gate, hasMeta: hasMeta, attended: attended, to: executor, on: pool)
            }
        }
    }

    /// Waits for the experts of a mixture that was begun, and adds what they say; else does nothing.
    func finish(_ pass: ForwardPass) {
        guard var feeding = pass.feeding.take() else { return }
        let outputs = feeding.pending.finish()
        let losses = outputs.rowLosses(feeding.decision, layer: index, bears: pass.batch.bears(row:expert:))
        pass.spoiled.merge(losses.spoiled) { first, _ in first }
        var sum = outputs.weightedRouted(feeding.decision, without: losses.lost)
        let outcome = ExpertOutcome(sources: outputs.sources, attempts: outputs.attempts, lost: losses.lost)
        pass.observer?.combined(layer: index, routed: sum, meta: outputs.meta, outcome: outcome)
        if feeding.hasMeta { sum.add(outputs.meta) }
        if feeding.attended.rows > 0 {
            feeding.attended.add(sum)
            pass.hidden.add(feeding.attended)
        } else {
            pass.hidden.add(sum)
        }
    }

    /// Lets the gate choose for `(rows, hiddenSize)`, and sends the rows to their experts.
    private func route(
        _ seen: consuming Tensor,
        of pass: ForwardPass,
        by gate: borrowing Gate,
        hasMeta: Bool,
        attended: consuming Tensor,
        to executor: any ExpertExecutor,
        on pool: ThreadPool,
    ) {
        let logits = gate.logits(seen, on: pool)
        let decision = gate.decide(logits: logits)
        pass.observer?.routed(layer: index, logits: logits, decision: decision)
        let call = ExpertCall(
            layer: index,
            input: seen,
            routing: decision,
            wantsMeta: hasMeta,
            skippedRows: Set(pass.spoiled.keys),
            deadline: min(pass.batch.deadline, .now + pass.batch.expertTimeout),
            isAbandoned: pass.batch.isAbandoned,
        )
        pass.feeding = ForwardPass.Feeding(
            pending: executor.begin(call),
            decision: decision,
            hasMeta: hasMeta,
            attended: attended,
        )
    }
}
