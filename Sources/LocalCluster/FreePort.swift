internal import Glibc

/// Finds TCP ports that nobody uses on the loopback interface.
package enum FreePort {
    /// A port that was free a moment ago; nil when the system gives none.
    package static func find() -> Int? {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(socket, generic, length) == 0 && getsockname(socket, generic, &length) == 0
            }
        }
        return found ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }
}
