internal import Glibc

/// The things that one thread waits for together: its sockets, their monitors and its waker.
///
/// A socket tells its news once, and any use of the socket may take them. So before a wait all that is waited for has to
/// be read until it has nothing; what was left there would not end the wait.
@safe
struct ZMQPoller {
    private var items: [pollfd]

    /// Starts with the waker alone, as number 0.
    init(waker: Waker) {
        items = [pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0)]
    }

    /// Adds a socket; its number is the count of what was added before.
    mutating func add(_ socket: ZMQSocket) { add(socket.descriptor) }

    /// Adds a monitor; numbered as sockets are.
    mutating func add(_ monitor: ZMQMonitor) { add(monitor.descriptor) }

    private mutating func add(_ descriptor: Int32) {
        items.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
    }

    /// Waits until something has news or the time is over; a signal ends the wait early and is no error.
    ///
    /// For the time of `spin` it looks again and again, and lets others have the core in between: to be woken takes a
    /// virtual machine longer than many an answer is under way.
    mutating func wait(_ timeout: Duration, spin: Duration = .zero) throws(ZMQError) {
        let spin = min(spin, timeout)
        if spin > .zero {
            let end = ContinuousClock.now + spin
            repeat {
                if try look(0) { return }
                sched_yield()
            } while ContinuousClock.now < end
        }
        _ = try look(Int32(clamping: (timeout - spin).wholeMilliseconds))
    }

    private mutating func look(_ milliseconds: Int32) throws(ZMQError) -> Bool {
        let result = unsafe items.withUnsafeMutableBufferPointer { items in
            unsafe poll(items.baseAddress, nfds_t(items.count), milliseconds)
        }
        guard result >= 0 || errno == EINTR else { throw ZMQError(operation: "wait for messages", number: errno) }
        guard result <= 0 || items.allSatisfy({ $0.revents & ~Int16(POLLIN) == 0 }) else {
            // Else a descriptor that somebody closed would end each wait at once, and nobody knew why.
            throw ZMQError(operation: "wait for messages", number: EBADF)
        }
        return result != 0
    }

    /// Whether the thing of this number had news when `wait` returned, which need not be a message.
    func hasNews(_ number: Int) -> Bool {
        items[number].revents & Int16(POLLIN) != 0
    }
}
