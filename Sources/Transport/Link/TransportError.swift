internal import Glibc

/// A transport that could not do what it was asked to; a message that came in broken is an event instead.
package struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of trouble it was.
    package enum Code: String, Sendable, CaseIterable {
        /// The endpoint is not one that can be used.
        case invalidEndpoint
        /// The endpoint can be reached from other machines, and the wire would be plain.
        case plainRefused
        /// Another process listens at the endpoint already.
        case addressInUse
        /// No such link: it was never made, or it was disconnected.
        case unknownLink
        /// The link has no connection at the moment.
        case notConnected
        /// The peer left, or was never here.
        case unreachable
        /// The peer does not take in what was sent so far; sending did not wait for it.
        case wouldBlock
        /// The tensor frame is longer than a frame may be.
        case messageTooLarge
        /// The message breaks a bound of the wire.
        case invalidMessage
        /// ZeroMQ or the system failed.
        case system
    }

    /// The kind of trouble.
    package let code: Code
    /// One sentence: what was tried, what stood in the way, what to do.
    package let message: String

    /// Describes the trouble.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// `code: message`.
    package var description: String { "\(code.rawValue): \(message)" }
}

extension TransportError {
    init(_ error: WireError) {
        self.init(.invalidMessage, "the message was not sent: \(error)")
    }

    init(_ error: ZMQError) {
        self.init(.system, error.description)
    }

    init(sending error: ZMQError, to peer: String) {
        switch error.number {
        case EAGAIN:
            self.init(.wouldBlock, "the queue to \(peer) is full or its connection was just lost; nothing was sent")
        case EHOSTUNREACH:
            self.init(.unreachable, "\(peer) is not connected any more; nothing was sent")
        default:
            self.init(.system, "\(error) to \(peer)")
        }
    }

    init(opening error: ZMQError, at endpoint: String) {
        switch error.number {
        case EADDRINUSE:
            self.init(
                .addressInUse,
                "port in use: another process listens at \(endpoint); stop it or choose another endpoint",
            )
        case EINVAL, ENODEV, EADDRNOTAVAIL, EPROTONOSUPPORT, ENAMETOOLONG, ENOENT, ENOTDIR, EACCES:
            self.init(
                .invalidEndpoint,
                "\(error); expected tcp://host:port with an address of this machine, or ipc:// and a path of its own",
            )
        default:
            self.init(.system, error.description)
        }
    }
}
