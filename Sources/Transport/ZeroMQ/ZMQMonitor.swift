internal import CZeroMQ

/// What became of a socket's connections, as libzmq's I/O thread saw it; owned by the socket's thread.
///
/// The reports come through a PAIR socket inside the process, and each is also counted by kind.
@safe
package final class ZMQMonitor {
    /// What happened.
    package enum Kind: String, Sendable, CaseIterable {
        /// The transport connected; the greeting is still to come.
        case connected
        /// A try to connect goes on in the background.
        case connectDelayed
        /// A new try to connect was scheduled.
        case connectRetried
        /// The socket listens.
        case listening
        /// The socket could not be bound.
        case bindFailed
        /// A peer connected to this listener; the greeting is still to come.
        case accepted
        /// A peer could not be accepted.
        case acceptFailed
        /// A connection was closed by this side.
        case closed
        /// A connection could not be closed.
        case closeFailed
        /// A connection was lost.
        case disconnected
        /// The greeting failed, for no reason that libzmq tells.
        case handshakeFailed
        /// The greeting is done: messages flow from here.
        case handshakeSucceeded
        /// The peer does not speak ZeroMQ's protocol.
        case handshakeFailedProtocol
        /// The peer was not let in.
        case handshakeFailedAuthentication

        var number: Int32 {
            switch self {
            case .connected: ZMQ_EVENT_CONNECTED
            case .connectDelayed: ZMQ_EVENT_CONNECT_DELAYED
            case .connectRetried: ZMQ_EVENT_CONNECT_RETRIED
            case .listening: ZMQ_EVENT_LISTENING
            case .bindFailed: ZMQ_EVENT_BIND_FAILED
            case .accepted: ZMQ_EVENT_ACCEPTED
            case .acceptFailed: ZMQ_EVENT_ACCEPT_FAILED
            case .closed: ZMQ_EVENT_CLOSED
            case .closeFailed: ZMQ_EVENT_CLOSE_FAILED
            case .disconnected: ZMQ_EVENT_DISCONNECTED
            case .handshakeFailed: ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
            case .handshakeSucceeded: ZMQ_EVENT_HANDSHAKE_SUCCEEDED
            case .handshakeFailedProtocol: ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
            case .handshakeFailedAuthentication: ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
            }
        }
    }

    let handle: UnsafeMutableRawPointer
    /// Readable when there is news of the monitor; see `ZMQPoller`.
    let descriptor: Int32
    private let socket: ZMQSocket
    /// How often each kind was read, since the start.
    package private(set) var counts: [Kind: UInt64] = [:]
    /// The number that came with the latest report: for a greeting that failed, what libzmq says about it.
    package private(set) var value: UInt32 = 0

    /// Watches a socket, from before it is bound or connected.
    package init(_ socket: ZMQSocket) throws(ZMQError) {
        let address = socket.context.makeMonitorAddress()
        let events = Kind.allCases.reduce(Int32(0)) { $0 | $1.number }
        guard unsafe zmq_socket_monitor(socket.handle, address, events) == 0 else { throw .last("watch a socket") }
        guard let handle = unsafe zmq_socket(socket.context.handle, ZMQ_PAIR) else {
            let error = ZMQError.last("make a socket for reports")
            _ = unsafe zmq_socket_monitor(socket.handle, nil, 0)
            throw error
        }
        var zero: Int32 = 0
        let size = MemoryLayout<Int32>.size
        // Without a limit, because libzmq's I/O thread waits while a report finds no room: an owner busy computing would
        // stop its network.
        _ = unsafe zmq_setsockopt(handle, ZMQ_RCVHWM, &zero, size)
        _ = unsafe zmq_setsockopt(handle, ZMQ_LINGER, &zero, size)
        do throws(ZMQError) {
            guard unsafe zmq_connect(handle, address) == 0 else { throw .last("watch a socket") }
            descriptor = try unsafe ZMQSocket.descriptor(of: handle)
        } catch {
            _ = unsafe zmq_close(handle)
            _ = unsafe zmq_socket_monitor(socket.handle, nil, 0)
            throw error
        }
        unsafe self.handle = unsafe handle
        self.socket = socket
    }

    deinit {
        _ = unsafe zmq_socket_monitor(socket.handle, nil, 0)
        _ = unsafe zmq_close(handle)
    }

    /// The next report, nil if there is none now; kinds that this code does not know are passed over.
    package func next() throws(ZMQError) -> Kind? {
        while true {
            var message = zmq_msg_t()
            _ = unsafe zmq_msg_init(&message)
            defer { _ = unsafe zmq_msg_close(&message) }
            guard unsafe zmq_msg_recv(&message, handle, ZMQ_DONTWAIT) >= 0 else {
                switch zmq_errno() {
                case EAGAIN: return nil
                case EINTR: continue
                default: throw .last("read a socket's reports")
                }
            }
            // A report is two frames: number (16 bits) with a value (32 bits), then the endpoint, which we know.
            guard unsafe zmq_msg_more(&message) != 0, unsafe zmq_msg_size(&message) >= 6,
                let data = unsafe zmq_msg_data(&message)
            else { continue }
            let number = Int32(unsafe data.loadUnaligned(as: UInt16.self))
            guard let kind = Kind.allCases.first(where: { $0.number == number }) else { continue }
            value = unsafe data.loadUnaligned(fromByteOffset: 2, as: UInt32.self)
            counts[kind, default: 0] += 1
            return kind
        }
    }
}
