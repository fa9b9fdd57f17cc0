internal import Glibc

/// Asks the system's resolver.
enum HostAddresses {
    /// All addresses of a name, A and AAAA, in order of their text, each once; blocks.
    ///
    /// - Throws: `unresolved`.
    static func resolve(_ name: String) throws(MembershipError) -> [String] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(name, nil, &hints, &first)
        guard code == 0 else {
            let reason = unsafe String(cString: gai_strerror(code))
            throw MembershipError(.unresolved, "The name \(name) has no addresses now (\(reason)).")
        }
        defer { unsafe freeaddrinfo(first) }
        var addresses: Set<String> = []
        var next = unsafe first
        while let entry = unsafe next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let length = socklen_t(text.count)
            let isText = unsafe getnameinfo(
                entry.pointee.ai_addr,
                entry.pointee.ai_addrlen,
                &text,
                length,
                nil,
                0,
                NI_NUMERICHOST,
            )
            if isText == 0 {
                addresses.insert(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self))
            }
            unsafe next = entry.pointee.ai_next
        }
        guard !addresses.isEmpty else {
            throw MembershipError(.unresolved, "The name \(name) has no addresses now.")
        }
        return addresses.sorted()
    }
}
