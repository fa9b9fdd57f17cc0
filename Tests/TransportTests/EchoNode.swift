internal import Transport

/// A node that answers every dispatch with its own rows, and remembers all that it was told.
final class EchoNode: InProcessNode {
    private(set) var received: [PeerEvent] = []
    private var replies: [OutboundReply] = []

    func receive(_ event: PeerEvent) {
        received.append(event)
        guard case .message(let peer, let header, let tensor) = event else { return }
        if let reply = EchoNode.reply(to: header) {
            replies.append(OutboundReply(peer: peer, header: reply, tensor: tensor))
        }
    }

    func step() -> [OutboundReply] {
        defer { replies = [] }
        return replies
    }

    /// A result for a dispatch, a hello for a hello, else nothing.
    static func reply(to header: WireHeader) -> WireHeader? {
        switch header.body {
        case .hello: WireHeader(body: .hello(Samples.hello))
        case .dispatch(let dispatch):
            WireHeader(
                request: header.request,
                body: .result(
                    ResultMessage(
                        groups: dispatch.groups,
                        hiddenSize: dispatch.hiddenSize,
                        dtype: dispatch.dtype,
                        queueMicroseconds: 1,
                        computeMicroseconds: 2,
                        placementEpoch: dispatch.placementEpoch,
                    )
                ),
            )
        default: nil
        }
    }
}
