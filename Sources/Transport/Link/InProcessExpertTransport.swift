/// A router's links to nodes in the same process: no sockets, no threads, every message really encoded and decoded.
///
/// `send` hands a message to the node at once; `poll` lets every node take one step and returns what they answered. A
/// node belongs to one transport, for peers are numbered by link. Tensor frames are passed on, not copied, and sealed.
package final class InProcessExpertTransport: ExpertTransport {
    /// What other threads may use to end the wait.
    package let waker: Waker
    /// The most events of one `poll`.
    package let maximumEventsPerPoll: Int
    /// Whether a bit of a message's tensor frame falls over on the way, for tests; both directions are asked.
    package var damages: (WireHeader) -> Bool = { _ in false }
    private let waits: Bool
    private var nodes: [String: any InProcessNode] = [:]
    private var unreachable: Set<String> = []
    private var links: [LinkID: Link] = [:]
    private var pending: [LinkEvent] = []
    private var lastNumber = 0

    private struct Link {
        let endpoint: String
        var isConnected = false
    }

    /// Makes a transport without nodes.
    ///
    /// With `waits`, a `poll` that has nothing to return waits for the waker, at most its timeout, as sockets would; else
    /// it returns at once, which is what a test with a clock of its own wants. Throws `system` when the process has no
    /// resources left.
    package init(waits: Bool = false, maximumEventsPerPoll: Int = 256) throws(TransportError) {
        do {
            waker = try Waker()
        } catch {
            throw TransportError(error)
        }
        self.waits = waits
        self.maximumEventsPerPoll = max(1, maximumEventsPerPoll)
    }

    /// Puts a node at an endpoint, any text; links to it connect.
    ///
    /// A node that was there before is gone, as in a restart.
    package func register(endpoint: String, node: any InProcessNode) {
        unregister(endpoint: endpoint)
        nodes[endpoint] = node
        updateConnections(to: endpoint)
    }

    /// Takes the node away, as if its process ended; links to it lose their connection.
    package func unregister(endpoint: String) {
        nodes[endpoint] = nil
        updateConnections(to: endpoint)
    }

    /// Cuts or mends the network to an endpoint; the node lives on, and what it says meanwhile is lost.
    package func setReachable(_ endpoint: String, _ isReachable: Bool) {
        if isReachable { unreachable.remove(endpoint) } else { unreachable.insert(endpoint) }
        updateConnections(to: endpoint)
    }

    /// Starts a link to any text; it connects once a node is registered there.
    package func connect(_ endpoint: String) throws(TransportError) -> LinkID {
        lastNumber += 1
        let id = LinkID(rawValue: lastNumber)
        links[id] = Link(endpoint: endpoint)
        updateConnections(to: endpoint)
        return id
    }

    /// Ends a link, with the events of it that were not polled yet.
    package func disconnect(_ link: LinkID) {
        links[link] = nil
        pending.removeAll { $0.link == link }
    }

    /// Loses the connection and has another.
    package func renew(_ link: LinkID) {
        guard links[link]?.isConnected == true else { return }
        pending += [.disconnected(link), .connected(link)]
    }

    /// Hands a message to the node at once; throws `unknownLink`, `notConnected` or `invalidMessage`.
    package func send(_ header: WireHeader, tensor: Frame?, to link: LinkID) throws(TransportError) {
        guard let target = links[link] else {
            throw TransportError(.unknownLink, "there is no \(link)")
        }
        guard target.isConnected, let node = nodes[target.endpoint] else {
            throw TransportError(.notConnected, "\(link) to \(target.endpoint) is not connected; nothing was sent")
        }
        let received: (header: WireHeader, tensor: Frame?)
        do {
            received = try carry(header, tensor)
        } catch  where error.code == .checksum {
            // The message was sound when it left.
            return node.receive(.malformed(PeerID(link), error))
        } catch {
            throw TransportError(error)
        }
        node.receive(.message(PeerID(link), received.header, received.tensor))
    }

    /// Lets every node take one step, and returns what came of it; does not wait unless made to.
    package func poll(timeout: Duration) throws(TransportError) -> [LinkEvent] {
        stepNodes()
        if pending.isEmpty, waits {
            do {
                var poller = ZMQPoller(waker: waker)
                try poller.wait(timeout)
            } catch {
                throw TransportError(error)
            }
            stepNodes()
        }
        waker.drain()
        let events = Array(pending.prefix(maximumEventsPerPoll))
        pending.removeFirst(events.count)
        return events
    }

    /// Hands frames to the node as they are, sound or not, as a network would that damages what it carries.
    package func send(frames: [Frame], to link: LinkID) {
        guard let target = links[link], target.isConnected, let node = nodes[target.endpoint] else { return }
        for frame in frames { frame.seal() }
        do {
            let (header, tensor) = try WireMessage.read(frames, frameCount: frames.count)
            node.receive(.message(PeerID(link), header, tensor))
        } catch {
            node.receive(.malformed(PeerID(link), error))
        }
    }

    private func stepNodes() {
        // By name, so that a test sees the same order every time.
        for endpoint in nodes.keys.sorted() {
            for reply in nodes[endpoint]?.step() ?? [] {
                guard let id = LinkID(reply.peer), let link = links[id], link.isConnected, link.endpoint == endpoint
                else { continue }
                do {
                    let (header, tensor) = try carry(reply.header, reply.tensor)
                    pending.append(.message(id, header, tensor))
                } catch {
                    pending.append(.malformed(id, error))
                }
            }
        }
    }

    /// Does to a message what the wire would do.
    private func carry(_ header: WireHeader, _ tensor: Frame?) throws(WireError) -> (header: WireHeader, tensor: Frame?)
    {
        var frames = try WireMessage.frames(header, tensor: tensor)
        if frames.count == 2, damages(header) {
            var bytes = frames[1].copyBytes()
            if !bytes.isEmpty { bytes[0] ^= 1 }
            do { frames[1] = try Frame(copying: bytes) } catch {
                throw WireError(.outOfMemory, "no memory for a frame")
            }
        }
        for frame in frames { frame.seal() }
        return try WireMessage.read(frames, frameCount: frames.count)
    }

    private func updateConnections(to endpoint: String) {
        let isReachable = nodes[endpoint] != nil && !unreachable.contains(endpoint)
        for id in links.keys.sorted() {
            guard var link = links[id], link.endpoint == endpoint, link.isConnected != isReachable else { continue }
            link.isConnected = isReachable
            links[id] = link
            pending.append(isReachable ? .connected(id) : .disconnected(id))
        }
    }
}

extension LinkEvent {
    /// The link that the event is about.
    package var link: LinkID {
        switch self {
        case .connected(let link), .disconnected(let link), .message(let link, _, _), .malformed(let link, _): link
        }
    }
}

extension PeerID {
    fileprivate init(_ link: LinkID) {
        unsafe self.init(bytes: withUnsafeBytes(of: UInt64(link.rawValue).bigEndian) { unsafe Array($0) })
    }
}

extension LinkID {
    fileprivate init?(_ peer: PeerID) {
        guard peer.bytes.count == 8 else { return nil }
        let number = peer.bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let number = Int(exactly: number) else { return nil }
        self.init(rawValue: number)
    }
}
