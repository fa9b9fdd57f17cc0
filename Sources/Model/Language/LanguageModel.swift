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
    ) {
        hiddenSize = embeddings.columns
        vocabularySize = head.outputs
        maximumPositions = rotary.positions
        self.embeddings = embeddings
        self.layers = layers
        self.finalNorm = finalNorm
        self.head = head
        self.rotary = rotary
        cacheShape = KVShape(layerCount: layers.count, headCount: headCount, headSize: hiddenSize / headCount)
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

    /// Runs a pass over `input` `(rows, hiddenSize)` and returns the hidden states after the last layer, before the
    /// final norm, and the rows that were spoiled by experts that did not answer.
    ///
    /// A row's result depends on its own sequence alone: never on the other runs, their order or number.
    package func forward(
        _ input: consuming Tensor,
        batch: ForwardBatch,
        executor: any ExpertExecutor,
        observer: (any ForwardObserver)?,
        on pool: ThreadPool,
    ) -> ForwardResult {
        precondition(input.rows == batch.rowCount, "\(input.shape) for \(batch.rowCount) rows")
        for run in batch.runs { run.cache.reserve(run.rowCount) }
        var hidden = input
        var spoiled: [Int: ExpertFailure] = [:]
        let pass = DecoderLayer.Pass(batch: batch, executor: executor, observer: observer, pool: pool)
        for (index, layer) in layers.enumerated() {
            observer?.hiddenStates(index, hidden)
            layer.apply(to: &hidden, pass: pass, rotary: rotary, spoiled: &spoiled)
        }
        observer?.hiddenStates(layers.count, hidden)
        for run in batch.runs { run.cache.count += run.rowCount }
        return ForwardResult(hidden: hidden, spoiled: spoiled)
    }

    /// The logits `(rows, vocabularySize)` of the given rows of a pass's result.
    package func logits(_ hidden: borrowing Tensor, rows: [Int], on pool: ThreadPool) -> Tensor {
        head(finalNorm(hidden.gathering(rows), on: pool), on: pool)
    }
}

/// What a pass through the decoder gave.
package struct ForwardResult: ~Copyable {
    /// Hidden states after the last layer, before the final norm, `(rows, hiddenSize)`.
    package let hidden: Tensor
    /// Rows that cannot be trusted, and why.
    package let spoiled: [Int: ExpertFailure]
}
