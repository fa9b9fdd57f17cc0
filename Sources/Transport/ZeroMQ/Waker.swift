internal import CZeroMQ
internal import Glibc

/// Ends another thread's wait in `poll`: the one thing of a transport that every thread may touch.
///
/// Wakes do not add up: any number of them before the owner polls end one wait.
package final class Waker: Sendable {
    /// Readable while a wake is waiting.
    let descriptor: Int32

    /// Makes a waker; throws when the process has no file descriptors left.
    package init() throws(ZMQError) {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else { throw ZMQError(operation: "make an eventfd", number: errno) }
    }

    deinit {
        _ = close(descriptor)
    }

    /// Ends the owner's current wait, or else its next one, at once.
    package func wake() {
        // The only failure is a counter at its maximum, and then a wake is waiting already.
        _ = eventfd_write(descriptor, 1)
    }

    /// Takes the wakes that wait; says whether there were any.
    @discardableResult
    package func drain() -> Bool {
        var count: eventfd_t = 0
        return unsafe eventfd_read(descriptor, &count) == 0
    }
}
