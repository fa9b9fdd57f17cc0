internal import CZeroMQ

extension ZMQSocketOptions {
    /// Sets every option on a fresh socket, before it is bound or connected.
    func apply(to socket: UnsafeMutableRawPointer, kind: ZMQSocket.Kind) throws(ZMQError) {
        func set(_ option: Int32, _ name: String, _ value: Int) throws(ZMQError) {
            var value = Int32(clamping: value)
            guard unsafe zmq_setsockopt(socket, option, &value, MemoryLayout<Int32>.size) == 0 else {
                throw .last("set \(name) to \(value)")
            }
        }
        var limit = Int64(maximumMessageBytes)
        guard unsafe zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &limit, MemoryLayout<Int64>.size) == 0 else {
            throw .last("set ZMQ_MAXMSGSIZE to \(limit)")
        }
        try set(ZMQ_LINGER, "ZMQ_LINGER", linger.wholeMilliseconds)
        try set(ZMQ_SNDHWM, "ZMQ_SNDHWM", sendHighWaterMark)
        try set(ZMQ_RCVHWM, "ZMQ_RCVHWM", receiveHighWaterMark)
        try set(ZMQ_RECONNECT_IVL, "ZMQ_RECONNECT_IVL", reconnectInterval.wholeMilliseconds)
        try set(ZMQ_RECONNECT_IVL_MAX, "ZMQ_RECONNECT_IVL_MAX", reconnectIntervalMaximum.wholeMilliseconds)
        try set(ZMQ_CONNECT_TIMEOUT, "ZMQ_CONNECT_TIMEOUT", connectTimeout.wholeMilliseconds)
        try set(ZMQ_HANDSHAKE_IVL, "ZMQ_HANDSHAKE_IVL", handshakeTimeout.wholeMilliseconds)
        try set(ZMQ_HEARTBEAT_IVL, "ZMQ_HEARTBEAT_IVL", heartbeatInterval.wholeMilliseconds)
        try set(ZMQ_HEARTBEAT_TIMEOUT, "ZMQ_HEARTBEAT_TIMEOUT", heartbeatTimeout.wholeMilliseconds)
        try set(ZMQ_HEARTBEAT_TTL, "ZMQ_HEARTBEAT_TTL", heartbeatTimeToLive.wholeMilliseconds)
        try set(ZMQ_TCP_KEEPALIVE, "ZMQ_TCP_KEEPALIVE", 1)
        try set(ZMQ_TCP_KEEPALIVE_IDLE, "ZMQ_TCP_KEEPALIVE_IDLE", Int(keepaliveIdle.components.seconds))
        try set(ZMQ_IPV6, "ZMQ_IPV6", ipv6 ? 1 : 0)
        try unsafe security.apply(to: socket)
        switch kind {
        case .dealer: try set(ZMQ_IMMEDIATE, "ZMQ_IMMEDIATE", 1)
        case .router: try set(ZMQ_ROUTER_MANDATORY, "ZMQ_ROUTER_MANDATORY", 1)
        }
    }
}

extension Duration {
    /// Milliseconds, rounded up so that a wait is never cut to nothing; negative ones are 0.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let part = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        let whole = seconds.multipliedReportingOverflow(by: 1000)
        guard !whole.overflow, whole.partialValue < Int64.max - 1000 else { return Int.max }
        return Int(whole.partialValue + part)
    }
}
