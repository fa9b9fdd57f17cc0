internal import Transport

/// A router's transport and a node's listener, driven in turn by one thread until something has happened.
final class ZMQPair {
    let context: ZMQContext
    let listener: ZMQExpertListener
    let transport: ZMQExpertTransport
    private(set) var linkEvents: [LinkEvent] = []
    private(set) var peerEvents: [PeerEvent] = []

    init(
        endpoint: String = "tcp://127.0.0.1:*",
        listenerOptions: ZMQSocketOptions = ZMQSocketOptions(),
        transportOptions: ZMQSocketOptions = ZMQSocketOptions(),
    ) throws {
        context = try ZMQContext()
        listener = try ZMQExpertListener(bind: endpoint, context: context, options: listenerOptions)
        transport = try ZMQExpertTransport(context: context, options: transportOptions)
    }

    /// Polls both sides until the condition holds; false after ten seconds without it.
    func run(until condition: (ZMQPair) throws -> Bool) throws -> Bool {
        try run(listener, until: condition)
    }

    /// The same with another listener, or without one.
    func run(_ listener: ZMQExpertListener?, until condition: (ZMQPair) throws -> Bool) throws -> Bool {
        let end = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < end {
            if try condition(self) { return true }
            linkEvents += try transport.poll(timeout: .milliseconds(5))
            if let listener { peerEvents += try listener.poll(timeout: .milliseconds(5)) }
        }
        return false
    }

    /// Connects to the listener and waits for it.
    func connect() throws -> LinkID {
        let link = try transport.connect(listener.endpoint)
        _ = try run { $0.connects(of: link) > 0 }
        return link
    }

    func connects(of link: LinkID) -> Int {
        linkEvents.count { if case .connected(link) = $0 { true } else { false } }
    }

    func disconnects(of link: LinkID) -> Int {
        linkEvents.count { if case .disconnected(link) = $0 { true } else { false } }
    }

    /// The sound messages that the node received, without their tensors.
    var nodeHeaders: [WireHeader] {
        peerEvents.compactMap { if case .message(_, let header, _) = $0 { header } else { nil } }
    }

    /// The broken messages that the node received.
    var nodeErrors: [WireError] {
        peerEvents.compactMap { if case .malformed(_, let error) = $0 { error } else { nil } }
    }

    /// The sound messages that the router received.
    var routerMessages: [(LinkID, WireHeader, Frame?)] {
        linkEvents.compactMap {
            if case .message(let link, let header, let tensor) = $0 { (link, header, tensor) } else { nil }
        }
    }

    /// The broken messages that the router received.
    var routerErrors: [WireError] {
        linkEvents.compactMap { if case .malformed(_, let error) = $0 { error } else { nil } }
    }

    /// The peer that spoke last.
    var lastPeer: PeerID? {
        peerEvents.last.map { event in
            switch event {
            case .message(let peer, _, _), .malformed(let peer, _): peer
            }
        }
    }
}
