internal import Glibc

/// Finds TCP ports that nobody uses on the loopback interface.
package enum FreePort {
    /// A port that was free a moment ago; nil when the system gives none.
    package static func find() -> Int? {
        bound(to: 0)
    }

    /// Whether nobody listens on a port now.
    package static func isFree(_ port: Int) -> Bool {
        UInt16(exactly: port).map { bound(to: $0) != nil } ?? false
    }

    /// The port that a socket got which asked for this one (0: any); nil when it cannot be had.
    private static func bound(to port: UInt16) -> Int? {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        // As servers do: what is left of closed connections does not count.
        var yes: Int32 = 1
        _ = unsafe setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(socket, generic, length) == 0 && listen(socket, 1) == 0
                    && getsockname(socket, generic, &length) == 0
            }
        }
        return found ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }
}
