internal import Glibc
internal import Synchronization

/// Finds TCP ports that nobody uses on the loopback interface.
package enum FreePort {
    /// Ports below those that systems give to outgoing connections: one of these stays free until somebody binds it.
    private static let range = 20_000..<32_000
    private static let given = Mutex(Set<Int>())

    /// A port that was free a moment ago and that this process was not given before; nil when none is found.
    package static func find() -> Int? {
        for _ in 0..<1000 {
            let port = Int.random(in: range)
            guard given.withLock({ $0.insert(port).inserted }) else { continue }
            if isFree(port) { return port }
        }
        return nil
    }

    /// Whether nobody listens on a port now.
    package static func isFree(_ port: Int) -> Bool {
        guard let port = UInt16(exactly: port) else { return false }
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        // As servers do: what is left of closed connections does not count.
        var yes: Int32 = 1
        _ = unsafe setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(socket, generic, length) == 0 && listen(socket, 1) == 0
            }
        }
    }
}
