/// An answer of a node, on its way to a router.
package struct OutboundReply: Sendable {
    /// The router.
    package var peer: PeerID
    /// What is said.
    package var header: WireHeader
    /// The rows of a result.
    package var tensor: Frame?

    /// Addresses an answer.
    package init(peer: PeerID, header: WireHeader, tensor: Frame? = nil) {
        self.peer = peer
        self.header = header
        self.tensor = tensor
    }
}

/// The core of a node as `InProcessExpertTransport` drives it: what came goes in, what is to be sent comes out.
///
/// Both are called on the thread that uses the transport, so with a clock turned by hand a test decides every step.
package protocol InProcessNode: AnyObject {
    /// Takes an event, as a listener's `poll` would have returned it.
    func receive(_ event: PeerEvent)

    /// Does what is to be done now, and returns what is to be sent.
    func step() -> [OutboundReply]
}
