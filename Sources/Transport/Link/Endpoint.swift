internal import Glibc
internal import Shared

/// What can be said about an endpoint before ZeroMQ sees it.
enum Endpoint {
    /// Throws `invalidEndpoint` unless the text is `tcp://host:port` or `ipc://path` of bearable length.
    static func check(_ text: String) throws(TransportError) {
        if let fault = WireEndpoint.fault(of: text) { throw TransportError(.invalidEndpoint, fault) }
    }

    /// Throws `plainRefused` for an endpoint of other machines that would not be encrypted.
    static func checkProtection(_ text: String, _ options: ZMQSocketOptions) throws(TransportError) {
        guard !options.security.isEncrypted, !options.permitsPlain, !WireEndpoint.staysOnMachine(text) else { return }
        throw TransportError(.plainRefused, WireEndpoint.refusal(of: text))
    }

    /// Whether the host is an IPv6 address in brackets.
    static func needsIPv6(_ text: String) -> Bool { text.hasPrefix(tcp + "[") }

    /// Throws `addressInUse` when a process listens at this ipc path: ZeroMQ would take the path away from it unasked.
    static func refuseLivingListener(_ text: String) throws(TransportError) {
        guard let path = ipcPath(text), !path.hasPrefix("@"), path != "*" else { return }
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let descriptor = socket(AF_UNIX, Int32(kind), 0)
        guard descriptor >= 0 else { return }
        defer { _ = close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { field in
            unsafe field.copyBytes(from: Array(path.utf8).prefix(107))
        }
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // EAGAIN: somebody listens and has more callers than room.
        guard result == 0 || errno == EAGAIN else { return }
        throw TransportError(opening: ZMQError(operation: "listen at \(text)", number: EADDRINUSE), at: text)
    }

    private static let tcp = "tcp://"

    private static func ipcPath(_ text: String) -> String? {
        text.hasPrefix("ipc://") ? String(text.dropFirst(6)) : nil
    }
}
