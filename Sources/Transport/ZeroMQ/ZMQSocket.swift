internal import CZeroMQ

/// A ZeroMQ socket: DEALER or ROUTER, never blocking.
///
/// Not `Sendable`: it has one owner thread, to which it may be handed over once before use. Closing is `deinit`; what is
/// queued then is sent within the linger period, in the background.
@safe
package final class ZMQSocket {
    /// The two kinds in use.
    package enum Kind: Sendable {
        /// The side that connects; a stream of messages to and from one peer.
        case dealer
        /// The side that binds; the first frame of each message names the peer.
        case router

        var number: Int32 {
            switch self {
            case .dealer: ZMQ_DEALER
            case .router: ZMQ_ROUTER
            }
        }
    }

    /// A message as it came.
    package struct Received {
        /// Its first frames, as many as were asked for.
        package let frames: [Frame]
        /// How many frames it had in all.
        package let frameCount: Int
        /// The key of its sender, where the socket lets peers in by keys; a peer of a plain socket could claim any.
        package let sender: CurvePublicKey?
    }

    let handle: UnsafeMutableRawPointer
    let context: ZMQContext
    /// Readable when there is news of the socket; see `ZMQPoller`.
    let descriptor: Int32
    private let knowsSenders: Bool

    /// Makes a socket with its options set; throws when the context has no more of them or refuses an option.
    package init(_ kind: Kind, context: ZMQContext, options: ZMQSocketOptions) throws(ZMQError) {
        guard let handle = unsafe zmq_socket(context.handle, kind.number) else { throw .last("make a socket") }
        do {
            try unsafe options.apply(to: handle, kind: kind)
            descriptor = try unsafe Self.descriptor(of: handle)
        } catch {
            _ = unsafe zmq_close(handle)
            throw error
        }
        unsafe self.handle = unsafe handle
        self.context = context
        if case .curveServer = options.security { knowsSenders = true } else { knowsSenders = false }
    }

    deinit {
        _ = unsafe zmq_close(handle)
    }

    /// The descriptor that ends a wait for the socket of a handle.
    static func descriptor(of handle: UnsafeMutableRawPointer) throws(ZMQError) -> Int32 {
        var descriptor: Int32 = -1
        var size = MemoryLayout<Int32>.size
        guard unsafe zmq_getsockopt(handle, ZMQ_FD, &descriptor, &size) == 0 else {
            throw .last("ask a socket for its descriptor")
        }
        return descriptor
    }

    /// Listens at the endpoint; `*` as host means every interface, `*` or 0 as port a free one.
    package func bind(_ endpoint: String) throws(ZMQError) {
        guard unsafe zmq_bind(handle, endpoint) == 0 else { throw .last("listen at \(endpoint)") }
    }

    /// Starts to connect; success means only that the endpoint can be understood.
    package func connect(_ endpoint: String) throws(ZMQError) {
        guard unsafe zmq_connect(handle, endpoint) == 0 else { throw .last("connect to \(endpoint)") }
    }

    /// The endpoint that the socket was bound to, with the port that it really has.
    package func lastEndpoint() throws(ZMQError) -> String {
        var buffer = [UInt8](repeating: 0, count: 512)
        var count = buffer.count
        let result = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, bytes.baseAddress, &count)
        }
        guard result == 0 else { throw .last("ask a socket for its endpoint") }
        return String(decoding: buffer.prefix(max(0, count - 1)), as: UTF8.self)
    }

    /// Sends the frames as one message, or throws at once.
    ///
    /// `EAGAIN` for a full or unconnected peer, `EHOSTUNREACH` for a peer that a ROUTER does not know. The frames are
    /// sealed, and can be sent again.
    package func send(_ frames: [Frame]) throws(ZMQError) {
        for (index, frame) in frames.enumerated() {
            let flags = index + 1 < frames.count ? ZMQ_DONTWAIT | ZMQ_SNDMORE : ZMQ_DONTWAIT
            try unsafe frame.withSharedMessage { message throws(ZMQError) in
                if unsafe transmit(message, flags) { return }
                // ZeroMQ looks at news of its connections at most once in a millisecond while it sends; asking for the
                // events makes it look now. Only for the first frame: later ones never wait for room.
                guard zmq_errno() == EAGAIN, index == 0, try canSend() else { throw .last("send a message") }
                guard unsafe transmit(message, flags) else { throw .last("send a message") }
            }
        }
    }

    /// Receives a message if one is there, keeping at most `limit` of its frames; the rest are read and dropped.
    package func receive(keeping limit: Int) throws(ZMQError) -> Received? {
        var frames: [Frame] = []
        var count = 0
        var failure: ZMQError?
        var sender: CurvePublicKey?
        while true {
            let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
            unsafe message.initialize(to: zmq_msg_t())
            _ = unsafe zmq_msg_init(message)
            guard unsafe fetch(message) else {
                let error = ZMQError.last("receive a message")
                unsafe Frame.free(message)
                guard count == 0, error.number == EAGAIN else { throw error }
                return nil
            }
            let more = unsafe zmq_msg_more(message) != 0
            count += 1
            // Before the frame takes the message over: a short one is copied, and the copy has no properties. The peer's
            // name, which comes first, has none either when ZeroMQ made it during a poll.
            if sender == nil, knowsSenders, let text = unsafe zmq_msg_gets(message, "User-Id") {
                sender = unsafe CurvePublicKey(String(cString: text))
            }
            if frames.count < limit, failure == nil {
                // Also after a failure the message is read to its end, so that the next one starts with its own frame.
                do throws(ZMQError) { frames.append(try unsafe Frame(adopting: message)) } catch { failure = error }
            } else {
                unsafe Frame.free(message)
            }
            if !more { break }
        }
        if let failure { throw failure }
        return Received(frames: frames, frameCount: count, sender: sender)
    }

    private func canSend() throws(ZMQError) -> Bool {
        var events: Int32 = 0
        var size = MemoryLayout<Int32>.size
        guard unsafe zmq_getsockopt(handle, ZMQ_EVENTS, &events, &size) == 0 else {
            throw .last("ask a socket for its events")
        }
        guard events & ZMQ_POLLOUT != 0 else {
            throw ZMQError(operation: "send a message", number: EAGAIN)
        }
        return true
    }

    private func transmit(_ message: UnsafeMutablePointer<zmq_msg_t>, _ flags: Int32) -> Bool {
        while unsafe zmq_msg_send(message, handle, flags) < 0 {
            guard zmq_errno() == EINTR else { return false }
        }
        return true
    }

    private func fetch(_ message: UnsafeMutablePointer<zmq_msg_t>) -> Bool {
        while unsafe zmq_msg_recv(message, handle, ZMQ_DONTWAIT) < 0 {
            guard zmq_errno() == EINTR else { return false }
        }
        return true
    }
}
