internal import CKernels

/// Scaled dot-product attention, one query row and head at a time, positions in order.
package enum AttentionKernel {
    /// One run of query rows that share keys and values.
    package struct Segment: Sendable {
        /// First row of the run in the query and output tensors.
        package var firstRow: Int
        /// Rows of the run.
        package var rowCount: Int
        /// Keys that the first row sees.
        package var firstVisible: Int
        /// Keys that each further row sees beyond the row before: 1 when causal, 0 when all see the same.
        package var visibleStep: Int

        /// Describes a run.
        package init(firstRow: Int, rowCount: Int, firstVisible: Int, visibleStep: Int) {
            self.firstRow = firstRow
            self.rowCount = rowCount
            self.firstVisible = firstVisible
            self.visibleStep = visibleStep
        }
    }

    /// Attends the rows of `segment` in `queries` `(rows, heads * headSize)` over the first rows of `keys` and
    /// `values` `(positions, heads * headSize)` and writes the same rows of `output`.
    package static func attend(
        queries: borrowing Tensor,
        keys: borrowing Tensor,
        values: borrowing Tensor,
        segment: Segment,
        headCount: Int,
        scale: Float,
        into output: inout Tensor,
        on pool: ThreadPool,
    ) {
        let columns = queries.columns
        let headSize = columns / headCount
        let most = segment.firstVisible + (segment.rowCount - 1) * segment.visibleStep
        precondition(keys.columns == columns && values.columns == columns && output.columns == columns)
        precondition(segment.firstRow + segment.rowCount <= queries.rows && output.rows == queries.rows)
        precondition(segment.rowCount == 0 || most <= min(keys.rows, values.rows), "\(most) keys of \(keys.rows)")
        let (q, k, v, y) = unsafe (queries.base, keys.base, values.base, output.base)
        RowTasks.run(segment.rowCount * headCount, on: pool) { item in
            let row = item / headCount
            let column = item % headCount * headSize
            let visible = segment.firstVisible + row * segment.visibleStep
            let offset = (segment.firstRow + row) * columns + column
            unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, visible)) { scores in
                guard let scores = scores.baseAddress else { return }
                unsafe medmoe_attend_f32(
                    q + offset,
                    k + column,
                    v + column,
                    visible,
                    headSize,
                    columns,
                    scale,
                    scores,
                    y + offset
                )
            }
        }
    }
}
