package import Logging
package import Shared

/// Where membership comes from, in the words of the flag: `file:PATH`, `dns:NAME:PORT` or `etcd:http://HOST:PORT/PREFIX`.
package enum MembershipWords: Equatable, Sendable {
    /// A file with a placement.
    case file(path: String)
    /// The addresses of a name.
    case dns(name: String, port: Int)
    /// Keys in etcd.
    case etcd(EtcdAddress)

    /// Reads the words.
    ///
    /// - Throws: `invalidSource`.
    package init(parsing text: String) throws(MembershipError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let rest = parts.count == 2 ? parts[1] : ""
        switch parts[0] {
        case "file" where !rest.isEmpty: self = .file(path: rest)
        case "dns":
            let last = rest.lastIndex(of: ":")
            guard let last, let port = Int(rest[rest.index(after: last)...]), (1...65_535).contains(port),
                (1...253).contains(rest[..<last].utf8.count),
                rest[..<last].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") })
            else {
                throw MembershipError(
                    .invalidSource,
                    "expected dns:NAME:PORT such as dns:experts.medmoe.svc:7000, found \"\(text)\""
                )
            }
            self = .dns(name: String(rest[..<last]), port: port)
        case "etcd": self = .etcd(try EtcdAddress(parsing: rest))
        default:
            throw MembershipError(
                .invalidSource,
                "expected file:PATH, dns:NAME:PORT or etcd:http://HOST:PORT/PREFIX as the source of membership, "
                    + "found \"\(text)\""
            )
        }
    }

    /// The source that the words name.
    ///
    /// - Parameters:
    ///   - moe: The model's experts, in whose words placements are written.
    ///   - credentials: The name and password for etcd, where it asks for them.
    package func makeSource(
        of moe: MoEConfiguration,
        board: DocumentBoard,
        credentials: EtcdCredentials? = nil,
        logger: Logger,
    ) -> any MembershipSource {
        switch self {
        case .file(let path): FileMembership(path: path, moe: moe, board: board, logger: logger)
        case .dns(let name, let port): DNSMembership(name: name, port: port, board: board, logger: logger)
        case .etcd(let address):
            EtcdMembership(address: address, credentials: credentials, moe: moe, board: board, logger: logger)
        }
    }
}
