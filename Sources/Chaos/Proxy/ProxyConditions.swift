/// How the network between a router and a node is, in both directions unless said otherwise.
package struct ProxyConditions: Sendable, Equatable {
    /// Time that every byte takes longer.
    package var delay: Duration = .zero
    /// Bytes a second; nil for as many as there are.
    package var bytesPerSecond: Int?
    /// Of a thousand pieces, how many are lost and sent again after `retransmission`, as TCP does: what is behind them
    /// waits too.
    package var lossPermille = 0
    /// Nothing more arrives at the node; connections stay.
    package var cutsToNode = false
    /// Nothing more arrives at the router; connections stay.
    package var cutsToRouter = false
    /// Of a thousand pieces, with how many the connection breaks.
    package var resetPermille = 0
    /// Of a thousand pieces, in how many a bit falls over.
    package var corruptPermille = 0
    /// Of a thousand pieces, how many come twice.
    package var duplicatePermille = 0
    /// Of a thousand pieces, how many change places with the one behind them.
    package var reorderPermille = 0

    /// A network without faults.
    package init() {}

    /// What a lost piece waits until it is sent again: the shortest time of Linux.
    package static let retransmission: Duration = .milliseconds(200)

    /// Whether bytes do not arrive as they were sent, which TCP does not do by itself.
    var damagesBytes: Bool { corruptPermille > 0 || duplicatePermille > 0 || reorderPermille > 0 }

    func cuts(_ direction: ProxyDirection) -> Bool { direction == .toNode ? cutsToNode : cutsToRouter }
}

/// Which way bytes go through a proxy.
enum ProxyDirection: String, Sendable {
    case toNode, toRouter
}
