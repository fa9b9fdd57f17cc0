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
        var projected = Projections(input, query: query, key: key, value: value, on: pool)
        rotary.apply(to: &projected.query, positions: positions, headSize: headSize)
        rotary.apply(to: &projected.key, positions: positions, headSize: headSize)

        var attended = Tensor(uninitialized: projected.query.shape)
        let scale = 1 / Float(headSize).squareRoot()
        var firstRow = 0
        var runs: [(blocks: [AttentionBlock], segment: AttentionKernel.Segment)] = []
        for run in batch.runs {
            let blocks = run.cache.layer(layer)
            let earlier = run.position
            AttentionKernel.store(
                keys: projected.key,
                values: projected.value,
                rows: firstRow..<firstRow + run.rowCount,
                into: blocks,
                at: earlier,
                on: pool,
            )
            let segment = AttentionKernel.Segment(
                firstRow: firstRow,
                rowCount: run.rowCount,
                firstVisible: earlier + 1,
                visibleStep: 1,
            )
            runs.append((blocks, segment))
            firstRow += run.rowCount
        }
        AttentionKernel.attend(
            queries: projected.query,
            over: runs,
            headCount: headCount,
            keyValueHeadCount: headCount,
            scale: scale,
            into: &attended,
            on: pool,
        )
        return output(attended, on: pool)
    }
}
