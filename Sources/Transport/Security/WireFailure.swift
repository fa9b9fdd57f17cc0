internal import CZeroMQ

/// Why the wire's authentication refused a peer; the raw value is a metric's label.
package enum WireFailure: String, Sendable, CaseIterable {
    /// The key of the one who connected is not on the other's allow-list.
    case denied
    /// What came cannot be opened with the keys: a wrong key of the server, or a greeting of another connection.
    case wrongKey = "wrong_key"
    /// One side wants encryption and the other does not offer it.
    case noKey = "no_key"
    /// A message came twice or out of its order within a connection: a replay.
    case replay
    /// The peer broke ZeroMQ's protocol in another way.
    case badProtocol = "protocol"
    /// The other side ended the greeting without a word; it may know us by another key, or have a wrong one itself.
    case handshake
    /// A message on a connection whose key was taken off the allow-list.
    case revoked

    /// What a report of ZeroMQ says, nil if it is about nothing of the kind.
    ///
    /// On a plain wire a connection that breaks in its greeting says nothing about keys.
    init?(_ kind: ZMQMonitor.Kind, value: UInt32, isEncrypted: Bool) {
        switch kind {
        case .handshakeFailedAuthentication: self = .denied
        case .handshakeFailedProtocol:
            switch Int32(bitPattern: value) {
            case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: self = .noKey
            case _ where !isEncrypted: return nil
            case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC, ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE: self = .wrongKey
            case ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE: self = .replay
            default: self = .badProtocol
            }
        case .handshakeFailed where isEncrypted: self = .handshake
        default: return nil
        }
    }

    /// One sentence for a node's log, about whoever connected.
    package var aboutRouter: String {
        switch self {
        case .denied: "A peer was not let in: its key is not on the allow-list."
        case .wrongKey: "A peer was not let in: it does not know this node's public key, or replays another's greeting."
        case .noKey: "A peer was not let in: it does not encrypt, or this node does not."
        case .replay: "A message came twice or out of order and was dropped with its connection."
        case .badProtocol: "A peer was cut off: it broke the protocol."
        case .handshake: "A peer went away within the greeting."
        case .revoked: "A message was dropped: its sender's key was taken off the allow-list."
        }
    }

    /// Words for a router's log and status, about the node that a link goes to.
    package var aboutNode: String {
        switch self {
        case .denied: "it does not let this router in: this router's key is not on its allow-list"
        case .wrongKey: "what it sends cannot be opened with its key"
        case .noKey: "one side encrypts and the other does not; give both --key-file or neither"
        case .replay: "a message came twice or out of order"
        case .badProtocol: "it broke the protocol"
        case .handshake: "it ended the greeting without a word; is its key the one in the allow-list?"
        case .revoked: "its key was taken off the allow-list"
        }
    }
}
