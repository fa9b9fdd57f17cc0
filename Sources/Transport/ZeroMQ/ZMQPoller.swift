internal import CZeroMQ

/// The things that one thread waits for together: its sockets, their monitors and its waker.
@safe
struct ZMQPoller {
    private var items: [zmq_pollitem_t]

    /// Starts with the waker alone, as number 0.
    init(waker: Waker) {
        unsafe items = unsafe [zmq_pollitem_t(socket: nil, fd: waker.descriptor, events: Int16(ZMQ_POLLIN), revents: 0)]
    }

    /// Adds a socket; its number is the count of what was added before.
    mutating func add(_ socket: ZMQSocket) {
        unsafe items.append(zmq_pollitem_t(socket: socket.handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0))
    }

    /// Adds a monitor; numbered as sockets are.
    mutating func add(_ monitor: ZMQMonitor) {
        unsafe items.append(zmq_pollitem_t(socket: monitor.handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0))
    }

    /// Waits until something is readable or the time is over; a signal ends the wait early and is no error.
    mutating func wait(_ timeout: Duration) throws(ZMQError) {
        let milliseconds = Int(Int32(clamping: timeout.wholeMilliseconds))
        let result = unsafe items.withUnsafeMutableBufferPointer { items in
            unsafe zmq_poll(items.baseAddress, Int32(items.count), milliseconds)
        }
        guard result >= 0 || zmq_errno() == EINTR else { throw .last("wait for messages") }
    }

    /// Whether the thing of this number was readable when `wait` returned.
    func isReadable(_ number: Int) -> Bool {
        unsafe items[number].revents & Int16(ZMQ_POLLIN) != 0
    }
}
