internal import Shared

/// One key with its value.
package struct EtcdPair: Sendable {
    /// The whole key, with the prefix.
    package let key: String
    /// What it holds.
    package let value: [UInt8]
    /// The revision of its last change.
    package let revision: Int

    /// Takes what etcd said.
    package init(key: String, value: [UInt8], revision: Int) {
        self.key = key
        self.value = value
        self.revision = revision
    }
}

extension EtcdClient {
    /// All keys below a prefix, with the revision of this moment.
    func pairs(below prefix: String) async throws -> (revision: Int, pairs: [EtcdPair]) {
        try await range([("key", .etcd(prefix)), ("range_end", .etcd(Self.end(of: prefix)))])
    }

    /// One key; nil without it.
    func pair(_ key: String) async throws -> EtcdPair? { try await range([("key", .etcd(key))]).pairs.first }

    /// Writes a key if it was last changed at a revision, 0 for a key that is not there; false when it was changed since.
    func put(_ key: String, _ value: String, ifChangedAt revision: Int) async throws -> Bool {
        let condition = JSONObject([
            ("key", .etcd(key)), ("target", .string("MOD")), ("result", .string("EQUAL")),
            ("mod_revision", .string(String(revision))),
        ])
        let put = JSONObject([("key", .etcd(key)), ("value", .etcd(value))])
        let answer = try await call(
            "kv/txn",
            [
                ("compare", .array([.object(condition)])),
                ("success", .array([.object(JSONObject([("request_put", .object(put))]))])),
            ],
        )
        return answer["succeeded"] == .bool(true)
    }

    /// Writes a key that lives as long as a lease; returns what was there before.
    func put(_ key: String, _ value: String, lease: String) async throws -> [UInt8]? {
        let answer = try await call(
            "kv/put",
            [("key", .etcd(key)), ("value", .etcd(value)), ("lease", .string(lease)), ("prev_kv", .bool(true))],
        )
        guard case .object(let former)? = answer["prev_kv"] else { return nil }
        return former["value"]?.etcdBytes
    }

    /// Begins a lease of so many seconds.
    func grantLease(seconds: Int) async throws -> String {
        guard case .string(let lease)? = try await call("lease/grant", [("TTL", .string(String(seconds)))])["ID"] else {
            throw MembershipError(.refused, "etcd granted a lease without a number.")
        }
        return lease
    }

    /// Keeps a lease alive; false when it is over already.
    func keepAlive(lease: String) async throws -> Bool {
        (try await call("lease/keepalive", [("ID", .string(lease))])["TTL"]?.etcdInteger ?? 0) > 0
    }

    /// Ends a lease, and with it the keys that hang on it.
    func revoke(lease: String) async throws {
        _ = try await call("lease/revoke", [("ID", .string(lease))])
    }

    private func range(_ fields: [(String, JSONValue)]) async throws -> (revision: Int, pairs: [EtcdPair]) {
        let answer = try await call("kv/range", fields)
        guard case .object(let header)? = answer["header"], let revision = header["revision"]?.etcdInteger else {
            throw MembershipError(.refused, "etcd answered without its revision.")
        }
        var pairs: [EtcdPair] = []
        if case .array(let list)? = answer["kvs"] {
            for case .object(let fields) in list {
                guard let key = fields["key"]?.etcdBytes else { continue }
                pairs.append(
                    EtcdPair(
                        key: String(decoding: key, as: UTF8.self),
                        value: fields["value"]?.etcdBytes ?? [],
                        revision: fields["mod_revision"]?.etcdInteger ?? 0,
                    )
                )
            }
        }
        return (revision, pairs)
    }
}
