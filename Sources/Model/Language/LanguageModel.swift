package import Kernels
internal import Shared

/// The decoder: embeddings in, logits out, with the feed-forward experts behind an `ExpertExecutor`.
package final class LanguageModel: Sendable {
    /// Numbers in a hidden state.
    package let hiddenSize: Int
    /// Tokens that may be predicted: what the tokenizer knows.
    package let vocabularySize: Int
    /// Positions that a sequence may have.
    package let maximumPositions: Int

    /// What its keys and values look like.
    package let cacheShape: KVShape

    private let embeddings: WeightMatrix  // (vocabularySize, hiddenSize)
    private let layers: [DecoderLayer]
    private let finalNorm: LayerNorm
    private let head: Linear  // (vocabularySize, hiddenSize)
    private let rotary: RotaryEmbedding

    init(
        embeddings: WeightMatrix,
        layers: [DecoderLayer],
        finalNorm: consuming LayerNorm,
        head: consuming Linear,
        rotary: consuming RotaryEmbedding,
        headCount: Int,
        cacheKind: AttentionBlock.Kind,
    ) {
        hiddenSize = embeddings.columns
        vocabularySize = head.outputs
        maximumPositions = rotary.positions
        self.embeddings = embeddings
        self.layers = layers
        self.finalNorm = finalNorm
        self.head = head
        self.rotary = rotary
        cacheShape = KVShape(
            layerCount: layers.count,
            headCount: headCount,
            headSize: hiddenSize / headCount,
            kind: cacheKind,
        )
    }

    /// A cache for one sequence of at most `capacity` positions, with blocks of its own.
    package func makeCache(capacity: Int) -> KVCache {
        let shape = cacheShape
        return KVCache(capacity: min(capacity, maximumPositions)) { KVBlock(shape) }
    }

    /// The embedding rows of token ids below `vocabularySize`, `(ids, hiddenSize)`.
    package func embed(_ ids: [Int]) -> Tensor {
        embeddings.gathering(ids)
    }

    /// Runs passes side by side, layer by layer and in their order; each has its hidden states after the last layer then,
    /// and the rows that were spoiled by experts that did not answer.
    ///
    /// A row's result depends on its own sequence alone: never on the other rows, their order or number, nor on how they
    /// are spread over passes. An abandoned pass ends early, all of its rows spoiled.
    package func forward(_ passes: [ForwardPass], executor: any ExpertExecutor, on pool: ThreadPool) {
        for pass in passes {
            for run in pass.batch.runs { run.cache.reserve(upTo: run.position + run.rowCount) }
        }
        for (index, layer) in layers.enumerated() {
            for pass in passes {
                if index > 0 { layers[index - 1].finish(pass) }
                guard !pass.isGivenUp else { continue }
                pass.observer?.hiddenStates(index, pass.hidden)
                layer.begin(pass, executor: executor, rotary: rotary, on: pool)
            }
        }
        for pass in passes {
            layers.last?.finish(pass)
            pass.observer?.hiddenStates(layers.count, pass.hidden)
            for run in pass.batch.runs { run.cache.count = run.position + run.rowCount }
        }
    }

    /// Runs one pass over `input` `(rows, hiddenSize)`.
    package func forward(
        _ input: consuming Tensor,
        batch: ForwardBatch,
        executor: any ExpertExecutor,
        observer: (any ForwardObserver)?,
        on pool: ThreadPool,
    ) -> ForwardPass {
        let pass = ForwardPass(input, batch: batch, observer: observer)
        forward([pass], executor: executor, on: pool)
        return pass
    }

    /// The logits `(rows, vocabularySize)` of some rows of some passes.
    package func logits(of rows: [(pass: ForwardPass, row: Int)], on pool: ThreadPool) -> Tensor {
        var hidden = Tensor(uninitialized: TensorShape(rows.count, hiddenSize))
        for (index, one) in rows.enumerated() {
            hidden.copyRows(from: one.pass.hidden, first: one.row, count: 1, to: index)
        }
        return head(finalNorm(hidden, on: pool), on: pool)
    }

    /// The logits `(rows, vocabularySize)` of the given rows of a pass's result.
    package func logits(_ hidden: borrowing Tensor, rows: [Int], on pool: ThreadPool) -> Tensor {
        head(finalNorm(hidden.gathering(rows), on: pool), on: pool)
    }
}
