internal import CKernels
internal import Glibc
internal import Synchronization

/// What the threads of a pool can do at most, measured: what the figures of kernels are shares of.
///
/// Rates count the time that a thread computes and not what other processes take of its core.
package enum MachinePeak {
    /// Multiplications and additions a second in registers alone, all threads together; nil where the instruction set
    /// has no instruction for it.
    package static func operationsPerSecond(
        _ dtype: ComputeDType,
        instructions: InstructionSet,
        on pool: ThreadPool,
    ) -> Double? {
        let kind =
            switch dtype {
            case .f32: MEDMOE_PEAK_F32
            case .bf16Pairs: MEDMOE_PEAK_BF16
            case .bf16Tiles: MEDMOE_PEAK_BF16_TILES
            case .int8: MEDMOE_PEAK_INT8
            }
        guard medmoe_peak_rate(kind, instructions.c, 1000) > 0 else { return nil }
        // About 5 ms a turn: long enough for the clock, short enough to fit between other processes.
        return rate(turns: 31, on: pool) { _ in medmoe_peak_rate(kind, instructions.c, 400_000) }
    }

    /// Bytes a second that all threads together read of a buffer that no cache holds, each a part of its own.
    package static func bytesPerSecond(on pool: ThreadPool) -> Double {
        let memory = WeightMemory.take(bufferBytes)
        unsafe memset(memory.start, 1, bufferBytes)
        let part = bufferBytes / pool.threadCount / 512 * 512
        let start = unsafe memory.start
        let rate = rate(turns: 9, on: pool) { index in unsafe medmoe_read_rate(start + index * part, part) }
        extendLifetime(memory.owner)
        return rate
    }

    private static let bufferBytes = 256 << 20

    /// The median over some turns of what the threads measured at once, added.
    private static func rate(turns: Int, on pool: ThreadPool, _ measure: (Int) -> Double) -> Double {
        let threads = pool.threadCount
        let sums = (0..<turns).map { _ in
            let arrived = Atomic(0)
            let sum = Mutex(0.0)
            pool.run(threads) { index in
                // Nobody begins before all are there, and so nobody takes the task of another.
                arrived.wrappingAdd(1, ordering: .relaxed)
                while arrived.load(ordering: .relaxed) < threads { sched_yield() }
                let own = measure(index)
                sum.withLock { $0 += own }
            }
            return sum.withLock { $0 }
        }
        return sums.sorted()[turns / 2]
    }
}
