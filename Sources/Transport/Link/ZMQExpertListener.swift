package import Shared

/// A node's endpoint over ZeroMQ: a ROUTER socket and its monitor.
///
/// Not `Sendable`: the thread that sends is the thread that polls.
package final class ZMQExpertListener: ExpertListener {
    /// What other threads may use to end the wait.
    package let waker: Waker
    /// Where the node listens, with the port that it really has.
    package let endpoint: String
    /// The most events of one `poll`.
    package let maximumEventsPerPoll: Int
    private let options: ZMQSocketOptions
    private let socket: ZMQSocket
    private let monitor: ZMQMonitor
    private let trust: WireTrust?
    private var senders: [PeerID: NodeID] = [:]
    /// Hears what the authentication refuses.
    package var report: (WireFailure) -> Void = { _ in }

    /// Listens at the endpoint, `tcp://address:port` (port 0 or `*` for a free one) or `ipc://path`.
    ///
    /// With `security` only routers that its allow-list names get through; a `ZAPAuthenticator` has to be there before.
    /// Throws `addressInUse` where another process listens, `invalidEndpoint` for one that cannot be, `plainRefused`.
    package init(
        bind endpoint: String,
        context: ZMQContext,
        options: ZMQSocketOptions = ZMQSocketOptions(),
        security: WireSecurity? = nil,
        maximumEventsPerPoll: Int = 256,
    ) throws(TransportError) {
        try Endpoint.check(endpoint)
        try Endpoint.refuseLivingListener(endpoint)
        var options = options
        options.ipv6 = options.ipv6 || Endpoint.needsIPv6(endpoint)
        if let security { options.security = .curveServer(security.keys) }
        try Endpoint.checkProtection(endpoint, options)
        trust = security?.trust
        do {
            waker = try Waker()
            socket = try ZMQSocket(.router, context: context, options: options)
            monitor = try ZMQMonitor(socket)
            try socket.bind(endpoint)
            self.endpoint = try socket.lastEndpoint()
        } catch {
            throw TransportError(opening: error, at: endpoint)
        }
        self.options = options
        self.maximumEventsPerPoll = max(1, maximumEventsPerPoll)
    }

    /// How often each kind of connection event was seen, for metrics.
    package var connectionEvents: [ZMQMonitor.Kind: UInt64] { monitor.counts }

    /// The router whose key sent what the latest `poll` returned of a peer; nil on a plain wire.
    package func router(of peer: PeerID) -> NodeID? { senders[peer] }

    /// Sends without waiting; throws `unreachable`, `wouldBlock`, `messageTooLarge` or `invalidMessage`.
    package func send(_ header: WireHeader, tensor: Frame?, to peer: PeerID) throws(TransportError) {
        let frames = try WireMessage.frames(header, tensor: tensor, limit: options.maximumMessageBytes)
        do {
            try socket.send([try Frame(copying: peer.bytes)] + frames)
        } catch {
            throw TransportError(sending: error, to: peer.description)
        }
    }

    /// Waits for messages and returns at most `maximumEventsPerPoll`; throws `system` only.
    package func poll(timeout: Duration) throws(TransportError) -> [PeerEvent] {
        do {
            return try pollSocket(timeout: timeout)
        } catch {
            throw TransportError(error)
        }
    }

    private func pollSocket(timeout: Duration) throws(ZMQError) -> [PeerEvent] {
        senders.removeAll(keepingCapacity: true)
        try readMonitor()
        let events = try collect()
        guard events.isEmpty, timeout > .zero else { return events }
        var poller = ZMQPoller(waker: waker)
        poller.add(socket)
        poller.add(monitor)
        try poller.wait(timeout, spin: options.spin)
        if poller.hasNews(0) { waker.drain() }
        if poller.hasNews(2) { try readMonitor() }
        return try collect()
    }

    private func readMonitor() throws(ZMQError) {
        while let kind = try monitor.next() {
            let failure = WireFailure(kind, value: monitor.value, isEncrypted: options.security.isEncrypted)
            if let failure { report(failure) }
        }
    }

    /// Takes the messages that are there.
    private func collect() throws(ZMQError) -> [PeerEvent] {
        var events: [PeerEvent] = []
        while events.count < maximumEventsPerPoll, let received = try socket.receive(keeping: 3) {
            guard let name = received.frames.first else { continue }
            let peer = PeerID(bytes: name.copyBytes())
            if let trust {
                // Who was let in may have been taken off the list since; a connection outlives its greeting.
                guard let sender = received.sender, let router = trust.router(key: sender) else {
                    report(.revoked)
                    continue
                }
                senders[peer] = router
            }
            do {
                let frames = Array(received.frames.dropFirst())
                let (header, tensor) = try WireMessage.read(frames, frameCount: received.frameCount - 1)
                events.append(.message(peer, header, tensor))
            } catch {
                events.append(.malformed(peer, error))
            }
        }
        return events
    }
}
