package import Shared

/// The placement in etcd, for those who show and change it.
package struct EtcdPlacementStore: Sendable {
    private let address: EtcdAddress
    private let credentials: EtcdCredentials?
    private let moe: MoEConfiguration

    /// Names the place.
    package init(address: EtcdAddress, credentials: EtcdCredentials? = nil, moe: MoEConfiguration) {
        self.address = address
        self.credentials = credentials
        self.moe = moe
    }

    /// The placement that is there; nil without one.
    ///
    /// - Throws: `MembershipError`.
    package func fetch() async throws -> PlacementDocument? {
        try await EtcdClient.with(address, credentials: credentials) { client in
            try await client.pair(address.placementKey).map(read)
        }
    }

    /// The nodes that are registered.
    ///
    /// - Throws: `MembershipError`.
    package func fetchNodes() async throws -> [NodeID: NodeRegistration] {
        try await EtcdClient.with(address, credentials: credentials) { client in
            let pairs = try await client.pairs(below: address.nodesPrefix).pairs
            return Dictionary(
                pairs.compactMap { pair in
                    guard let id = NodeID(validating: String(pair.key.dropFirst(address.nodesPrefix.count))) else {
                        return nil
                    }
                    return NodeRegistration(json: pair.value).map { (id, $0) }
                }
            ) { first, _ in first }
        }
    }

    /// Replaces the placement of epoch `former`, nil for none, by a later one: all of it, or nothing if somebody else
    /// was faster.
    ///
    /// - Throws: `conflict` when another one is there, and what else `MembershipError` knows.
    package func apply(_ document: PlacementDocument, after former: UInt64?) async throws {
        guard document.epoch > former ?? 0 else {
            throw MembershipError(
                .conflict,
                "expected an epoch above \(former ?? 0), found \(document.epoch); raise it with every change."
            )
        }
        try await EtcdClient.with(address, credentials: credentials) { client in
            let current = try await client.pair(address.placementKey)
            let epoch = try current.map(read)?.epoch
            guard epoch == former else {
                throw Self.conflict(expected: former, found: epoch.map(String.init) ?? "none")
            }
            let text = document.json(of: moe)
            // Between the look and the change somebody else may write: etcd compares once more.
            guard try await client.put(address.placementKey, text, ifChangedAt: current?.revision ?? 0) else {
                throw Self.conflict(expected: former, found: "another one")
            }
        }
    }

    private func read(_ pair: EtcdPair) throws(MembershipError) -> PlacementDocument {
        do {
            return try PlacementDocument(json: pair.value, of: moe)
        } catch {
            throw MembershipError(.invalidPlacement, "The placement in etcd cannot be read: \(error.message).")
        }
    }

    private static func conflict(expected: UInt64?, found: String) -> MembershipError {
        MembershipError(
            .conflict,
            "expected the placement of epoch \(expected.map(String.init) ?? "none") in etcd, found \(found); look at it "
                + "and plan again."
        )
    }
}
