package import Kernels

/// Causal self-attention of one decoder layer over the sequences' own caches.
package struct Attention: ~Copyable, Sendable {
    private let query: Linear
    private let key: Linear
    private let value: Linear
    private let output: Linear
    private let headCount: Int
    private let headSize: Int

    /// Takes the four projections, each `(hiddenSize, hiddenSize)`.
    package init(
        query: consuming Linear,
        key: consuming Linear,
        value: consuming Linear,
        output: consuming Linear,
        headCount: Int,
    ) {
        headSize = query.outputs / headCount
        self.query = query
        self.key = key
        self.value = value
        self.output = output
        self.headCount = headCount
    }

    /// Attends the rows of a pass, whose keys and values go to the caches on the way; `(rows, hiddenSize)` in and out.
    package func callAsFunction(
        _ input: borrowing Tensor,
        batch: ForwardBatch,
        layer: Int,
        rotary: borrowing RotaryEmbedding,
        on pool: ThreadPool,
    ) -> Tensor {
        let positions = batch.positions
        var queries = query(input, on: pool)
        var keys = key(input, on: pool)
        let values = value(input, on: pool)
        rotary.apply(to: &queries, positions: positions, headSize: headSize)
        rotary.apply(to: &keys, positions: positions, headSize: headSize)

        var attended = Tensor(uninitialized: queries.shape)
        let scale = 1 / Float(headSize).squareRoot()
        var firstRow = 0
        for run in batch.runs {
            let cache = run.cache.layers[layer]
            let earlier = run.cache.count
            cache.keys.copyRows(from: keys, first: firstRow, count: run.rowCount, to: earlier)
            cache.values.copyRows(from: values, first: firstRow, count: run.rowCount, to: earlier)
            AttentionKernel.attend(
                queries: queries,
                keys: cache.keys,
                values: cache.values,
                segment: .init(
                    firstRow: firstRow,
                    rowCount: run.rowCount,
                    firstVisible: earlier + 1,
                    visibleStep: 1,
                ),
                headCount: headCount,
                scale: scale,
                into: &attended,
                on: pool,
            )
            firstRow += run.rowCount
        }
        return output(attended, on: pool)
    }
}
