/// One link of a router's transport; a number that is not used again, also not for the same endpoint.
package struct LinkID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The number, from 1.
    package let rawValue: Int

    /// Names a link.
    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// `link 3`.
    package var description: String { "link \(rawValue)" }

    /// By number, which is by age.
    package static func < (left: LinkID, right: LinkID) -> Bool { left.rawValue < right.rawValue }
}

/// What came over a router's links.
package enum LinkEvent: Sendable {
    /// The link has a connection, for the first time or again; messages can be sent.
    case connected(LinkID)
    /// The link lost its connection; the transport goes on trying.
    case disconnected(LinkID)
    /// A sound message; a result comes with its tensor frame, whose size fits the header.
    case message(LinkID, WireHeader, Frame?)
    /// A message that breaks the wire's rules; it was read to its end and dropped.
    case malformed(LinkID, WireError)
}

/// The router's side of the wire: links to expert nodes, used by one thread and never blocking it but in `poll`.
///
/// Links know nothing of hellos and heartbeats; `LinkStateMachine` does.
package protocol ExpertTransport: AnyObject {
    /// Starts a link to a node's endpoint; `connected` follows from `poll` once the node answers, now or much later.
    ///
    /// Throws `invalidEndpoint` at once for one that can never work.
    func connect(_ endpoint: String) throws(TransportError) -> LinkID

    /// Ends a link: no event of it follows, and what was sent shortly before may still arrive.
    func disconnect(_ link: LinkID)

    /// Begins a new connection for a link, which loses the one that it has; `disconnected` and `connected` follow.
    func renew(_ link: LinkID)

    /// Sends a message, or throws without waiting and without having sent any of it.
    ///
    /// The tensor frame is sealed and stays readable: to try elsewhere, send it again.
    func send(_ header: WireHeader, tensor: Frame?, to link: LinkID) throws(TransportError)

    /// Waits for events, at most this long, and returns a bounded number of them; the next call brings the rest.
    ///
    /// Returns early, with or without events, when woken, and may do so for news of the link that is no event.
    func poll(timeout: Duration) throws(TransportError) -> [LinkEvent]

    /// The same while the given links owe an answer: may look at others, and at what becomes of connections, some
    /// milliseconds later.
    func poll(timeout: Duration, expecting: Set<LinkID>) throws(TransportError) -> [LinkEvent]

    /// What is there without waiting; may leave it for later when somebody looked some milliseconds ago.
    func glance() throws(TransportError) -> [LinkEvent]

    /// What other threads may use to end the wait.
    var waker: Waker { get }
}

extension ExpertTransport {
    /// Looks at all links alike.
    package func poll(timeout: Duration, expecting: Set<LinkID>) throws(TransportError) -> [LinkEvent] {
        try poll(timeout: timeout)
    }

    /// Looks each time.
    package func glance() throws(TransportError) -> [LinkEvent] { try poll(timeout: .zero) }
}
