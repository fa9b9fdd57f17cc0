internal import CKernels

/// A fixed number of compute threads, the calling one among them; work is split into numbered tasks.
///
/// One thread at a time may call `run`; a process makes one pool for each compute loop and keeps it.
@safe
package final class ThreadPool {
    /// Threads in all, the caller's included.
    package let threadCount: Int
    private let pool: OpaquePointer

    /// Starts `threads - 1` threads beside the caller's; falls back to the caller alone if the system gives none.
    package init(threads: Int) {
        let wanted = max(1, min(threads, 1024))
        if let made = unsafe medmoe_thread_pool_create(Int32(wanted)) {
            unsafe pool = made
            threadCount = wanted
        } else if let alone = unsafe medmoe_thread_pool_create(1) {
            unsafe pool = alone
            threadCount = 1
        } else {
            preconditionFailure("no memory for a thread pool")
        }
    }

    deinit {
        unsafe medmoe_thread_pool_destroy(pool)
    }

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
