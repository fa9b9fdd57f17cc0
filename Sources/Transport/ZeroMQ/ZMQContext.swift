internal import CZeroMQ
package import Kernels
internal import Synchronization

/// ZeroMQ's I/O threads and the memory its sockets share; a process needs one.
///
/// Every socket holds its context strongly, so the context ends last, however the owners are laid out. Its `deinit` waits
/// until the sockets have sent what they still hold, at most for their linger period.
///
/// `@unchecked Sendable`, because libzmq's context is thread-safe and the handle never changes.
@safe
package final class ZMQContext: @unchecked Sendable {
    let handle: UnsafeMutableRawPointer
    /// How soon the I/O threads get a core.
    package let urgency: ThreadUrgency
    private let monitors = Atomic<Int>(0)

    /// Starts a context; throws when the system gives it no resources.
    package init(ioThreads: Int = 1) throws(ZMQError) {
        guard let handle = unsafe zmq_ctx_new() else { throw .last("make a ZeroMQ context") }
        unsafe self.handle = unsafe handle
        guard unsafe zmq_ctx_set(handle, ZMQ_IO_THREADS, Int32(clamping: ioThreads)) == 0 else {
            throw .last("give a ZeroMQ context \(ioThreads) I/O threads")
        }
        // A socket whose options somebody forgot must not be able to hold up the end of the process for ever.
        _ = unsafe zmq_ctx_set(handle, ZMQ_BLOCKY, 0)
        // The I/O threads start with the first socket and are as urgent as its thread: where compute threads fill every
        // core, a message would wait for the end of one's slice before it leaves, and another before it is delivered.
        urgency = ThreadUrgency.raise()
        defer { urgency.lower() }
        guard let first = unsafe zmq_socket(handle, ZMQ_PAIR) else { throw .last("start ZeroMQ's I/O threads") }
        _ = unsafe zmq_close(first)
    }

    deinit {
        while unsafe zmq_ctx_term(handle) != 0, zmq_errno() == EINTR {}
    }

    /// An inproc address that no other monitor of this context has had.
    func makeMonitorAddress() -> String {
        "inproc://medmoe-monitor-\(monitors.wrappingAdd(1, ordering: .relaxed).newValue)"
    }
}
