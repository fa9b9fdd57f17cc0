/// A router's links over ZeroMQ: for each endpoint a DEALER socket and its monitor, all in one wait.
///
/// Not `Sendable`: the thread that sends is the thread that polls.
package final class ZMQExpertTransport: ExpertTransport {
    /// What other threads may use to end the wait.
    package let waker: Waker
    /// The most events of one `poll`.
    package let maximumEventsPerPoll: Int
    private let context: ZMQContext
    private let options: ZMQSocketOptions
    private let security: WireSecurity?
    private var trustRevision = 0
    private var links: [Link] = []
    private var lastNumber = 0
    private var firstTurn = 0
    private var lastWholePoll = ContinuousClock.now
    private var formerCounts: [ZMQMonitor.Kind: UInt64] = [:]
    /// Hears what the authentication refuses, and on which link.
    package var report: (LinkID, WireFailure) -> Void = { _, _ in }

    private final class Link {
        let id: LinkID
        let endpoint: String
        var socket: ZMQSocket
        var monitor: ZMQMonitor
        /// The key that the node has to hold; nil on a plain wire, and where nobody is trusted: then it goes nowhere.
        var key: CurvePublicKey?
        var isConnected = false
        /// When to begin anew: libzmq gives a connection up for ever whose protocol was broken or that was not let in.
        var renewal: ContinuousClock.Instant?

        init(id: LinkID, endpoint: String, key: CurvePublicKey?, socket: ZMQSocket, monitor: ZMQMonitor) {
            self.id = id
            self.endpoint = endpoint
            self.key = key
            self.socket = socket
            self.monitor = monitor
        }
    }

    /// Makes a transport without links; throws `system` when the process has no resources left.
    ///
    /// With `security` nodes have to hold the keys that its allow-list has for their endpoints.
    package init(
        context: ZMQContext,
        options: ZMQSocketOptions = ZMQSocketOptions(),
        security: WireSecurity? = nil,
        maximumEventsPerPoll: Int = 256,
    ) throws(TransportError) {
        do {
            waker = try Waker()
        } catch {
            throw TransportError(error)
        }
        self.context = context
        self.options = options
        self.security = security
        trustRevision = security?.trust.revision ?? 0
        self.maximumEventsPerPoll = max(1, maximumEventsPerPoll)
    }

    /// How often each kind of connection event was seen on all links, for metrics.
    package var connectionEvents: [ZMQMonitor.Kind: UInt64] {
        links.reduce(into: formerCounts) { $0.merge($1.monitor.counts, uniquingKeysWith: +) }
    }

    /// Starts a link, which finds its node now or later; throws `invalidEndpoint` for what is not `tcp://` or `ipc://`.
    ///
    /// With an allow-list that has no node at the endpoint, the link waits until it has one. Without keys it throws
    /// `plainRefused` for endpoints of other machines.
    package func connect(_ endpoint: String) throws(TransportError) -> LinkID {
        try Endpoint.check(endpoint)
        let id = LinkID(rawValue: lastNumber + 1)
        let key = security?.trust.node(at: endpoint)?.key
        let (socket, monitor) = try open(endpoint, key: key)
        links.append(Link(id: id, endpoint: endpoint, key: key, socket: socket, monitor: monitor))
        lastNumber = id.rawValue
        return id
    }

    private func open(_ endpoint: String, key: CurvePublicKey?) throws(TransportError) -> (ZMQSocket, ZMQMonitor) {
        var options = options
        options.ipv6 = options.ipv6 || Endpoint.needsIPv6(endpoint)
        if let security, let key { options.security = .curveClient(security.keys, server: key) }
        let waits = security != nil && key == nil
        if !waits { try Endpoint.checkProtection(endpoint, options) }
        do {
            let socket = try ZMQSocket(.dealer, context: context, options: options)
            let monitor = try ZMQMonitor(socket)
            if !waits { try socket.connect(endpoint) }
            return (socket, monitor)
        } catch {
            throw TransportError(opening: error, at: endpoint)
        }
    }

    /// Ends connections whose node's key is not the trusted one any more, and begins anew where libzmq gave up.
    private func renewSockets(into events: inout [LinkEvent]) {
        let now = ContinuousClock.now
        let revision = security?.trust.revision ?? 0
        guard revision != trustRevision || links.contains(where: { $0.renewal.map { $0 <= now } ?? false }) else {
            return
        }
        var isComplete = true
        for link in links {
            let key = security?.trust.node(at: link.endpoint)?.key
            guard key != link.key || link.renewal.map({ $0 <= now }) ?? false else { continue }
            guard let (socket, monitor) = try? open(link.endpoint, key: key) else {
                isComplete = false
                continue
            }
            formerCounts.merge(link.monitor.counts, uniquingKeysWith: +)
            if link.isConnected { events.append(.disconnected(link.id)) }
            link.isConnected = false
            link.renewal = nil
            (link.key, link.socket, link.monitor) = (key, socket, monitor)
        }
        // Without resources for a new socket the next round tries again.
        if isComplete { trustRevision = revision }
    }

    /// Begins a new connection at the next poll.
    package func renew(_ link: LinkID) {
        links.first { $0.id == link }?.renewal = .now
    }

    /// Closes a link; what is queued is still sent within the linger period.
    package func disconnect(_ link: LinkID) {
        guard let index = links.firstIndex(where: { $0.id == link }) else { return }
        formerCounts.merge(links[index].monitor.counts, uniquingKeysWith: +)
        links.remove(at: index)
    }

    /// Sends without waiting; throws `unknownLink`, `notConnected`, `wouldBlock`, `messageTooLarge` or `invalidMessage`.
    package func send(_ header: WireHeader, tensor: Frame?, to link: LinkID) throws(TransportError) {
        guard let target = links.first(where: { $0.id == link }) else {
            throw TransportError(.unknownLink, "there is no \(link)")
        }
        guard target.isConnected else {
            throw TransportError(.notConnected, "\(link) to \(target.endpoint) is not connected; nothing was sent")
        }
        let frames = try WireMessage.frames(header, tensor: tensor, limit: options.maximumMessageBytes)
        do {
            try target.socket.send(frames)
        } catch {
            throw TransportError(sending: error, to: "\(link) at \(target.endpoint)")
        }
    }

    /// Waits for events of all links and returns at most about `maximumEventsPerPoll`; throws `system` only.
    package func poll(timeout: Duration) throws(TransportError) -> [LinkEvent] {
        do {
            return try pollSockets(timeout: timeout)
        } catch {
            throw TransportError(error)
        }
    }

    /// As `poll`, but looks at the links that are expected to speak first, and at the others only if these have nothing
    /// to say within a few milliseconds; looks again and again for the time of `spin` before it sleeps.
    package func poll(timeout: Duration, expecting expected: Set<LinkID>) throws(TransportError) -> [LinkEvent] {
        do {
            let speakers = links.filter { expected.contains($0.id) && $0.isConnected }
            let now = ContinuousClock.now
            guard !speakers.isEmpty, lastWholePoll.duration(to: now) < Self.glance else {
                return try pollSockets(timeout: min(timeout, Self.glance), spin: options.spin)
            }
            var events: [LinkEvent] = []
            for link in speakers { try collect(from: link, into: &events) }
            if events.isEmpty, timeout > .zero {
                try wait(for: speakers[...], min(timeout, Self.glance), spin: options.spin, into: &events)
            }
            return events.isEmpty ? try pollSockets(timeout: .zero) : events
        } catch {
            throw TransportError(error)
        }
    }

    /// Looks at all links unless that was done just now.
    package func glance() throws(TransportError) -> [LinkEvent] {
        lastWholePoll.duration(to: .now) < Self.glance ? [] : try poll(timeout: .zero)
    }

    /// How long links that owe nothing may wait to be heard while others do.
    private static let glance: Duration = .milliseconds(10)

    private func pollSockets(timeout: Duration, spin: Duration = .zero) throws(ZMQError) -> [LinkEvent] {
        var events: [LinkEvent] = []
        renewSockets(into: &events)
        // A link that fills the bound alone must not be the first again.
        firstTurn = links.isEmpty ? 0 : (firstTurn + 1) % links.count
        let turns = links[firstTurn...] + links[..<firstTurn]
        for link in turns { try collect(from: link, into: &events) }
        if events.isEmpty, timeout > .zero {
            try wait(for: turns, timeout, spin: spin, into: &events)
            renewSockets(into: &events)
        }
        lastWholePoll = .now
        return events
    }

    /// Waits for links that have nothing, and takes what they have then.
    private func wait(
        for links: ArraySlice<Link>,
        _ timeout: Duration,
        spin: Duration = .zero,
        into events: inout [LinkEvent],
    ) throws(ZMQError) {
        var poller = ZMQPoller(waker: waker)
        for link in links {
            poller.add(link.socket)
            poller.add(link.monitor)
        }
        try poller.wait(timeout, spin: spin)
        if poller.hasNews(0) { waker.drain() }
        for (index, link) in links.enumerated() {
            let isReported = poller.hasNews(2 + 2 * index)
            guard isReported || poller.hasNews(1 + 2 * index) else { continue }
            try collect(from: link, into: &events, asksMonitor: isReported)
        }
    }

    /// Takes what one link has, in an order that makes sense: connected, then its messages, then disconnected.
    private func collect(
        from link: Link,
        into events: inout [LinkEvent],
        asksMonitor: Bool = true,
    ) throws(ZMQError) {
        var lost = asksMonitor ? try readMonitor(of: link, into: &events) : false
        while events.count < maximumEventsPerPoll, let received = try link.socket.receive(keeping: 2) {
            if !link.isConnected, !lost {
                // The connection may be younger than the look at the monitor above; its report is there by now.
                lost = try readMonitor(of: link, into: &events)
            }
            do {
                let (header, tensor) = try WireMessage.read(received.frames, frameCount: received.frameCount)
                events.append(.message(link.id, header, tensor))
            } catch {
                events.append(.malformed(link.id, error))
            }
        }
        if lost { events.append(.disconnected(link.id)) }
    }

    /// Reads the link's reports; true if they end with a loss, which is not in `events` yet.
    private func readMonitor(of link: Link, into events: inout [LinkEvent]) throws(ZMQError) -> Bool {
        var lost = false
        while let kind = try link.monitor.next() {
            switch kind {
            case .handshakeSucceeded where !link.isConnected:
                if lost { events.append(.disconnected(link.id)) }
                lost = false
                link.isConnected = true
                link.renewal = nil
                events.append(.connected(link.id))
            case .disconnected where link.isConnected:
                link.isConnected = false
                lost = true
                // Bytes in disorder end libzmq's trying too, and it does not say so: only that it tries again is heard.
                link.renewal = link.renewal ?? .now + options.reconnectIntervalMaximum
            case .connectRetried, .connectDelayed, .connected:
                link.renewal = nil
            default:
                let failure = WireFailure(kind, value: link.monitor.value, isEncrypted: link.key != nil)
                if let failure { report(link.id, failure) }
                // A greeting that ended without a word is tried again by libzmq, these are not.
                if [.handshakeFailedProtocol, .handshakeFailedAuthentication].contains(kind), link.renewal == nil {
                    link.renewal =
                        .now + (link.isConnected ? options.reconnectInterval : options.reconnectIntervalMaximum)
                }
            }
        }
        return lost
    }
}
