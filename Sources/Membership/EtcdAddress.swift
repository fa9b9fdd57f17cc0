internal import Foundation

/// Where etcd is, and below which key: `http://HOST:PORT[,http://HOST:PORT…][/PREFIX]`.
package struct EtcdAddress: Equatable, Sendable {
    /// The prefix where none is given.
    package static let standardPrefix = "/medmoe"

    /// The members, as `http://HOST:PORT`, in the order in which they are asked.
    package let members: [String]
    /// The beginning of all keys, with a slash before and none after.
    package let prefix: String

    /// Reads an address.
    ///
    /// - Throws: `invalidSource`.
    package init(parsing text: String) throws(MembershipError) {
        func refuse() -> MembershipError {
            MembershipError(
                .invalidSource,
                "expected etcd:http://HOST:PORT[,http://HOST:PORT][/PREFIX], found \"etcd:\(text)\""
            )
        }
        var members: [String] = []
        var prefix = ""
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            guard let components = URLComponents(string: String(part)), let scheme = components.scheme,
                ["http", "https"].contains(scheme), let host = components.host, !host.isEmpty,
                components.user == nil, components.query == nil, components.fragment == nil
            else { throw refuse() }
            // The prefix stands after the last one.
            guard components.path.isEmpty || index == parts.count - 1 else { throw refuse() }
            prefix = components.path
            members.append("\(scheme)://\(host):\(components.port ?? 2379)")
        }
        while prefix.hasSuffix("/") { prefix.removeLast() }
        guard prefix.utf8.count <= 512, Set(members).count == members.count else { throw refuse() }
        self.members = members
        self.prefix = prefix.isEmpty ? Self.standardPrefix : prefix
    }

    /// The key of the placement.
    package var placementKey: String { prefix + "/placement" }
    /// The beginning of the keys of the nodes.
    package var nodesPrefix: String { prefix + "/nodes/" }
}

/// Who asks etcd.
package struct EtcdCredentials: Sendable {
    /// The name of the user.
    package let user: String
    /// The user's password.
    package let password: String

    /// Takes both.
    package init(user: String, password: String) {
        self.user = user
        self.password = password
    }

    /// Those in `MEDMOE_ETCD_USER` and `MEDMOE_ETCD_PASSWORD`; nil without a user.
    package static var fromEnvironment: EtcdCredentials? {
        let environment = ProcessInfo.processInfo.environment
        guard let user = environment["MEDMOE_ETCD_USER"], !user.isEmpty else { return nil }
        return EtcdCredentials(user: user, password: environment["MEDMOE_ETCD_PASSWORD"] ?? "")
    }
}
