package import Shared

/// A router as a node's listener knows it: the name of its connection, gone with the connection.
package struct PeerID: Hashable, Sendable, CustomStringConvertible {
    /// The routing id, opaque.
    package let bytes: [UInt8]

    /// Takes a routing id.
    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// `peer` and the bytes in hexadecimal.
    package var description: String {
        "peer " + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// What came to a node.
package enum PeerEvent: Sendable {
    /// A sound message; a dispatch comes with its tensor frame, whose size fits the header.
    case message(PeerID, WireHeader, Frame?)
    /// A message that breaks the wire's rules; it was read to its end and dropped.
    case malformed(PeerID, WireError)
}

/// The node's side of the wire: one endpoint, any number of routers, used by one thread and never blocking it but in
/// `poll`.
///
/// It does not tell when a router leaves: silence does, or a send that throws `unreachable`.
package protocol ExpertListener: AnyObject {
    /// Where the node listens, with the port that it really has.
    var endpoint: String { get }

    /// Sends a message, or throws without waiting: `unreachable` for a router that left, `wouldBlock` for one that
    /// does not read.
    func send(_ header: WireHeader, tensor: Frame?, to peer: PeerID) throws(TransportError)

    /// Waits for events, at most this long, and returns a bounded number of them; the next call brings the rest.
    ///
    /// Returns early, with or without events, when woken, and may do so for news of the link that is no event.
    func poll(timeout: Duration) throws(TransportError) -> [PeerEvent]

    /// The router whose key sent what the latest `poll` returned of a peer; nil where peers have no keys.
    func router(of peer: PeerID) -> NodeID?

    /// What other threads may use to end the wait.
    var waker: Waker { get }
}

extension ExpertListener {
    /// Nobody is known by a key.
    package func router(of peer: PeerID) -> NodeID? { nil }
}
