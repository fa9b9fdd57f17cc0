/// The socket options, each set on purpose; the values here are the defaults of a cluster in one machine room.
///
/// Set beside these on every socket: `ZMQ_IMMEDIATE` on a DEALER, so that nothing queues for a peer that is not
/// connected, and `ZMQ_ROUTER_MANDATORY` on a ROUTER, so that an answer to a peer that left is an error and not lost
/// without a word.
package struct ZMQSocketOptions: Hashable, Sendable {
    /// How long closing may go on sending what is queued (`ZMQ_LINGER`).
    ///
    /// libzmq's default is for ever: a dead peer would then hold up the end of the process. Long enough for a goodbye.
    package var linger: Duration = .milliseconds(500)
    /// Messages that may wait to be sent to one peer (`ZMQ_SNDHWM`).
    ///
    /// ZeroMQ counts messages, not bytes: this is the last fence, and whoever sends counts bytes in front of it.
    package var sendHighWaterMark = 64
    /// Messages from one peer that may wait to be read (`ZMQ_RCVHWM`); times `maximumMessageBytes` it bounds memory.
    package var receiveHighWaterMark = 64
    /// The longest frame taken from a peer, in bytes (`ZMQ_MAXMSGSIZE`); a peer that sends a longer one is cut off.
    ///
    /// libzmq's default is no limit: one lying length would then allocate as much. The default here is 8192 rows of
    /// 2048 float32 elements.
    package var maximumMessageBytes = 64 << 20
    /// First wait before a lost connection is tried again (`ZMQ_RECONNECT_IVL`).
    package var reconnectInterval: Duration = .milliseconds(100)
    /// Longest such wait (`ZMQ_RECONNECT_IVL_MAX`); without it libzmq does not back off.
    package var reconnectIntervalMaximum: Duration = .seconds(2)
    /// How long one try to connect may take (`ZMQ_CONNECT_TIMEOUT`); else a silent host costs the system's two minutes.
    package var connectTimeout: Duration = .seconds(3)
    /// How long the greeting of a new connection may take (`ZMQ_HANDSHAKE_IVL`), so that a mute stranger is cut off.
    package var handshakeTimeout: Duration = .seconds(5)
    /// ZeroMQ's own ping on an idle connection (`ZMQ_HEARTBEAT_IVL`); TCP alone does not notice a pulled cable.
    package var heartbeatInterval: Duration = .seconds(2)
    /// Silence after a ping that ends the connection (`ZMQ_HEARTBEAT_TIMEOUT`).
    package var heartbeatTimeout: Duration = .seconds(6)
    /// Silence after which the peer should end the connection (`ZMQ_HEARTBEAT_TTL`, sent in tenths of a second).
    package var heartbeatTimeToLive: Duration = .seconds(6)
    /// TCP keep-alive after this much idle time (`ZMQ_TCP_KEEPALIVE*`), for firewalls that forget quiet connections.
    package var keepaliveIdle: Duration = .seconds(30)
    /// How long a thread that expects messages looks for them again and again before it sleeps; no option of libzmq.
    ///
    /// A wait costs a moment of a core more, which others get while they need it.
    package var spin = usualSpin
    /// Whether names may resolve to IPv6 addresses (`ZMQ_IPV6`); always on for an address in brackets.
    ///
    /// Off by default: libzmq tries one address only, and where `localhost` means `::1` first, a node that listens on
    /// 127.0.0.1 would never be found.
    package var ipv6 = false
    /// Whether the socket encrypts and knows its peers by their keys (`ZMQ_CURVE_*`).
    package var security: SocketSecurity = .plain
    /// Whether it may go without where other machines can listen; else `tcp://` in plain is for the loopback alone.
    package var permitsPlain = false

    /// The default of `spin`: longer than a small answer is under way, and nothing that a machine at rest would notice.
    package static let usualSpin: Duration = .microseconds(200)

    /// The defaults.
    package init() {}
}
