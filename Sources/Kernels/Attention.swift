internal import CKernels
internal import Synchronization

/// Scaled dot-product attention over keys and values in blocks.
///
/// The bits of a row depend on its query and on the keys and values that it sees, and on nothing else of a call.
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

    /// Stores rows of `keys` and `values` as consecutive positions of a sequence, from `position` on.
    ///
    /// Both are `(rows, keyValueHeads * headSize)`; `blocks` are all of the sequence, in order, and reach far enough.
    package static func store(
        keys: borrowing Tensor,
        values: borrowing Tensor,
        rows: Range<Int>,
        into blocks: [AttentionBlock],
        at position: Int,
        on pool: ThreadPool,
    ) {
        guard !rows.isEmpty else { return }
        let size = AttentionBlock.positionCount
        let end = position + rows.count
        precondition(position >= 0 && end <= blocks.count * size, "\(end) positions in \(blocks.count) blocks")
        let first = position / size
        pool.run(AttentionBlock.count(for: end) - first) { task in
            let start = max(position, (first + task) * size)
            let count = min(end, (first + task + 1) * size) - start
            let row = rows.lowerBound + start - position
            blocks[first + task].store(keys: keys, values: values, rows: row..<row + count, at: start % size)
        }
    }

    /// Attends the rows of `segment` over the first positions of `blocks`.
    ///
    /// Reads them from `queries` `(rows, heads * headSize)` and writes the same rows of `output`. Query head h belongs to
    /// key-value head `h / (heads / keyValueHeads)`.
    ///
    /// `instructions` is for tests and measurements; it must be one of `InstructionSet.available`.
    package static func attend(
        queries: borrowing Tensor,
        over blocks: [AttentionBlock],
        segment: Segment,
        headCount: Int,
        keyValueHeadCount: Int,
        scale: Float,
        instructions: InstructionSet = .best,
        into output: inout Tensor,
        on pool: ThreadPool,
    ) {
        guard segment.rowCount > 0 else { return }
        let columns = queries.columns
        let headSize = columns / headCount
        let most = segment.firstVisible + (segment.rowCount - 1) * segment.visibleStep
        precondition(headSize * headCount == columns && output.columns == columns, "\(queries.shape), \(output.shape)")
        precondition(headCount.isMultiple(of: keyValueHeadCount), "\(headCount) heads on \(keyValueHeadCount)")
        precondition(segment.firstRow >= 0 && segment.firstVisible > 0 && segment.visibleStep >= 0, "\(segment)")
        precondition(segment.firstRow + segment.rowCount <= min(queries.rows, output.rows), "\(segment)")
        precondition(most <= blocks.count * AttentionBlock.positionCount, "\(most) keys in \(blocks.count) blocks")
        precondition(
            blocks.allSatisfy { $0.keyValueHeadCount == keyValueHeadCount && $0.headSize == headSize },
            "blocks are not of \(keyValueHeadCount) heads of \(headSize)"
        )
        let offset = segment.firstRow * columns
        let (q, y) = unsafe (queries.base + offset, output.base + offset)
        let set = instructions.c
        let table = unsafe blocks.map { unsafe UnsafePointer($0.base) }
        unsafe table.withUnsafeBufferPointer { table in
            guard let table = table.baseAddress else { return }
            let job = unsafe medmoe_attention(
                queries: q,
                output: y,
                blocks: table,
                rows: segment.rowCount,
                heads: headCount,
                kv_heads: keyValueHeadCount,
                head_size: headSize,
                first_visible: segment.firstVisible,
                visible_step: segment.visibleStep,
                scale: scale,
            )
            unsafe run(job, set, on: pool)
        }
        extendLifetime(blocks)
    }

    /// Runs all pieces of a job, on one scratch for each thread and not each piece: long prompts take much of it.
    private static func run(_ job: medmoe_attention, _ set: medmoe_instructions, on pool: ThreadPool) {
        unsafe withUnsafePointer(to: job) { job in
            let tasks = unsafe medmoe_attention_tasks(job)
            let workers = min(pool.threadCount, tasks)
            let floats = unsafe medmoe_attention_scratch(job)
            let scratch = Tensor(uninitialized: TensorShape(workers, floats))
            let next = Atomic(0)
            pool.run(workers) { worker in
                let own = unsafe scratch.base + worker * floats
                while true {
                    let task = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard task < tasks else { return }
                    unsafe medmoe_attention_run(job, task, own, set)
                }
            }
        }
    }
}
