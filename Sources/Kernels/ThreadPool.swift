internal import CKernels

/// A fixed number of compute threads, the calling one among them; work is split into numbered tasks.
///
/// One thread at a time may call `run`; a process makes one pool for each compute loop and keeps it.
@safe
package final class ThreadPool {
    /// Threads in all, the caller's included.
    package let threadCount: Int
    private let pool: OpaquePointer
    private let cores: [Int32]

    /// Starts `threads - 1` threads beside the caller's; falls back to the caller alone if the system gives none.
    ///
    /// Whoever waits within a job or for the next one spins for `spin` and then sleeps. With `cores`, the pool's
    /// threads stay on these, and so does the caller once it has called `adoptCaller`.
    package init(threads: Int, spin: Duration = .microseconds(50), cores: [Int] = []) {
        HeapMemory.keepFreed()
        let wanted = max(1, min(threads, 1024))
        let nanoseconds = spin.components.seconds * 1_000_000_000 + spin.components.attoseconds / 1_000_000_000
        let numbers = cores.map(Int32.init)
        self.cores = numbers
        if let made = unsafe medmoe_thread_pool_create(Int32(wanted), nanoseconds, numbers, Int32(numbers.count)) {
            unsafe pool = made
            threadCount = wanted
        } else if let alone = unsafe medmoe_thread_pool_create(1, nanoseconds, numbers, 0) {
            unsafe pool = alone
            threadCount = 1
        } else {
            preconditionFailure("no memory for a thread pool")
        }
    }

    deinit {
        unsafe medmoe_thread_pool_destroy(pool)
    }

    /// The core that the calling thread runs on now; below 0 where the system does not say.
    package static var currentCore: Int { Int(medmoe_current_core()) }

    /// The cores that this process may run on, ascending; none where the system does not say.
    package static var usableCores: [Int] {
        let cores = unsafe [Int32](unsafeUninitializedCapacity: 1024) { cores, count in
            count = unsafe cores.baseAddress.map { unsafe Int(medmoe_usable_cores($0, 1024)) } ?? 0
        }
        return cores.map(Int.init)
    }

    /// Keeps the calling thread on the pool's cores.
    package func adoptCaller() {
        if !cores.isEmpty { unsafe _ = medmoe_stay_on(cores, Int32(cores.count)) }
    }

    /// Lets the threads sleep until the next run: the caller is about to wait for somebody else.
    package func park() { unsafe medmoe_thread_pool_park(pool) }

    /// Calls `body` once for each index below `count`, on any of the threads, and returns when all are done.
    package func run(_ count: Int, _ body: (Int) -> Void) {
        guard count > 1, threadCount > 1 else {
            for index in 0..<max(0, count) { body(index) }
            return
        }
        withoutActuallyEscaping(body) { body in
            let box = Box(body)
            unsafe medmoe_thread_pool_run(
                pool,
                count,
                { context, index in unsafe Unmanaged<Box>.fromOpaque(context).takeUnretainedValue().body(index) },
                Unmanaged.passUnretained(box).toOpaque(),
            )
            extendLifetime(box)
        }
    }

    private final class Box {
        let body: (Int) -> Void
        init(_ body: @escaping (Int) -> Void) { self.body = body }
    }
}
