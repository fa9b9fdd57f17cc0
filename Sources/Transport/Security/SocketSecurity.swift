internal import CZeroMQ

/// Whether and how a socket encrypts what it sends and proves who its peers are.
package enum SocketSecurity: Hashable, Sendable {
    /// Neither.
    case plain
    /// CURVE, as the side that peers connect to; a `ZAPAuthenticator` of the same context says who is let in.
    case curveServer(CurveKeyPair)
    /// CURVE, as the side that connects to the one holder of `server`'s secret.
    case curveClient(CurveKeyPair, server: CurvePublicKey)

    /// The domain by which requests to the authenticator are known; without one ZeroMQ would not always ask.
    static let domain = "medmoe"

    /// Whether peers are known by their keys.
    package var isEncrypted: Bool { self != .plain }

    /// Sets the options on a fresh socket.
    func apply(to socket: UnsafeMutableRawPointer) throws(ZMQError) {
        func set(_ option: Int32, _ name: String, _ value: String) throws(ZMQError) {
            guard unsafe zmq_setsockopt(socket, option, value, value.utf8.count) == 0 else {
                // Without the value: it may be the secret.
                throw .last("set \(name)")
            }
        }
        switch self {
        case .plain: break
        case .curveServer(let keys):
            var yes: Int32 = 1
            guard unsafe zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, MemoryLayout<Int32>.size) == 0 else {
                throw .last("set ZMQ_CURVE_SERVER")
            }
            try set(ZMQ_CURVE_SECRETKEY, "ZMQ_CURVE_SECRETKEY", keys.secret)
            try set(ZMQ_ZAP_DOMAIN, "ZMQ_ZAP_DOMAIN", Self.domain)
        case .curveClient(let keys, let server):
            try set(ZMQ_CURVE_SERVERKEY, "ZMQ_CURVE_SERVERKEY", server.text)
            try set(ZMQ_CURVE_PUBLICKEY, "ZMQ_CURVE_PUBLICKEY", keys.publicKey.text)
            try set(ZMQ_CURVE_SECRETKEY, "ZMQ_CURVE_SECRETKEY", keys.secret)
        }
    }
}
