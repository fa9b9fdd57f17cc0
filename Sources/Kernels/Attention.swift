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
    /// All blocks are of one kind. Queries are `(rows, heads * headSize)`; the same rows of `output` are written. Query
    /// head h belongs to key-value head `h / (heads / keyValueHeads)`. `instructions` is for tests and measurements; it
    /// must be one of `InstructionSet.available`.
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
        attend(
            queries: queries,
            over: [(blocks, segment)],
            headCount: headCount,
            keyValueHeadCount: keyValueHeadCount,
            scale: scale,
            instructions: instructions,
            into: &output,
            on: pool,
        )
    }

    /// The same for several runs of rows at once, each over blocks of its own.
    package static func attend(
        queries: borrowing Tensor,
        over runs: [(blocks: [AttentionBlock], segment: Segment)],
        headCount: Int,
        keyValueHeadCount: Int,
        scale: Float,
        instructions: InstructionSet = .best,
        into output: inout Tensor,
        on pool: ThreadPool,
    ) {
        let columns = queries.columns
        let headSize = columns / headCount
        let rows = min(queries.rows, output.rows)
        precondition(headSize * headCount == columns && output.columns == columns, "\(queries.shape), \(output.shape)")
        precondition(headCount.isMultiple(of: keyValueHeadCount), "\(headCount) heads on \(keyValueHeadCount)")
        for (blocks, segment) in runs { segment.check(rows: rows, blocks: blocks.count) }
        let kind = runs.lazy.flatMap(\.blocks).first?.kind ?? .f32
        precondition(
            runs.allSatisfy { run in
                run.blocks.allSatisfy {
                    $0.keyValueHeadCount == keyValueHeadCount && $0.headSize == headSize && $0.kind == kind
                }
            },
            "blocks are not of \(keyValueHeadCount) heads of \(headSize) in \(kind)"
        )
        let table = unsafe runs.flatMap { unsafe $0.blocks.map { unsafe UnsafeRawPointer($0.base) } }
        let (q, y) = unsafe (queries.base, output.base)
        unsafe table.withUnsafeBufferPointer { table in
            guard var next = table.baseAddress else { return }
            var jobs: [medmoe_attention] = unsafe []
            for (blocks, segment) in runs {
                let offset = segment.firstRow * columns
                let job = unsafe medmoe_attention(
                    queries: q + offset,
                    output: y + offset,
                    blocks: next,
                    brain: kind == .bf16 ? 1 : 0,
                    rows: segment.rowCount,
                    heads: headCount,
                    kv_heads: keyValueHeadCount,
                    head_size: headSize,
                    first_visible: segment.firstVisible,
                    visible_step: segment.visibleStep,
                    scale: scale,
                )
                if segment.rowCount > 0 { unsafe jobs.append(job) }
                unsafe next += blocks.count
            }
            unsafe run(jobs, instructions.c, on: pool)
        }
        extendLifetime(runs)
    }

    /// Runs all pieces of some jobs, on one scratch for each thread: it takes some hundred kilobytes for long prompts.
    private static func run(_ jobs: [medmoe_attention], _ set: medmoe_instructions, on pool: ThreadPool) {
        var ends: [Int] = []
        var floats = 0
        for index in unsafe jobs.indices {
            unsafe withUnsafePointer(to: jobs[index]) { job in
                let tasks = unsafe medmoe_attention_tasks(job)
                ends.append((ends.last ?? 0) + tasks)
                floats = max(floats, unsafe medmoe_attention_scratch(job))
            }
        }
        let total = ends.last ?? 0
        let workers = min(pool.threadCount, total)
        guard workers > 0 else { return }
        let scratch = Tensor(uninitialized: TensorShape(workers, floats))
        let next = Atomic(0)
        pool.run(workers) { worker in
            let own = unsafe scratch.base + worker * floats
            var index = 0
            while true {
                let task = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard task < total else { return }
                while task >= ends[index] { index += 1 }
                let first = index == 0 ? 0 : ends[index - 1]
                unsafe withUnsafePointer(to: jobs[index]) { job in
                    unsafe medmoe_attention_run(job, task - first, own, set)
                }
            }
        }
    }
}

extension AttentionKernel.Segment {
    /// A run that does not fit its tensors or its blocks is a mistake of ours.
    fileprivate func check(rows: Int, blocks: Int) {
        let most = firstVisible + (rowCount - 1) * visibleStep
        precondition(rowCount == 0 || (firstRow >= 0 && firstVisible > 0 && visibleStep >= 0), "\(self)")
        precondition(firstRow + rowCount <= rows, "\(self) of \(rows) rows")
        precondition(rowCount == 0 || most <= blocks * AttentionBlock.positionCount, "\(most) keys in \(blocks) blocks")
    }
}
