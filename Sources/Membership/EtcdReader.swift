package import Logging
package import Shared

/// Reads everything below the prefix and hangs it on the board.
package struct EtcdReader {
    private let address: EtcdAddress
    private let moe: MoEConfiguration
    private let board: DocumentBoard
    private let start = ContinuousClock.now
    private var members: LeaveGrace
    private var placementTrouble: TroubleLog
    private var nodesTrouble: TroubleLog

    /// Hangs what it reads on `board`; a registration that vanished still counts for `grace`.
    package init(
        address: EtcdAddress,
        moe: MoEConfiguration,
        board: DocumentBoard,
        grace: Duration,
        logger: Logger,
    ) {
        self.address = address
        self.moe = moe
        self.board = board
        members = LeaveGrace(period: grace)
        placementTrouble = TroubleLog(logger, over: "The placement in etcd is in order again.", saysChanges: true)
        nodesTrouble = TroubleLog(logger, over: "The registrations in etcd are in order again.", saysChanges: true)
    }

    /// Reads; returns the revision of what was read.
    mutating func read(_ client: EtcdClient) async throws -> Int {
        let (revision, pairs) = try await client.pairs(below: address.prefix + "/")
        take(pairs, at: start.duration(to: .now))
        return revision
    }

    /// Makes a document of all keys below the prefix; the time is handed in.
    package mutating func take(_ pairs: [EtcdPair], at now: Duration) {
        let nodes = members.members(seeing: registered(pairs), at: now)
        guard let placement = pairs.first(where: { $0.key == address.placementKey }) else {
            placementTrouble.note(nil)
            board.observe(nodes)
            return
        }
        do {
            let document = try PlacementDocument(json: placement.value, of: moe)
            let endpoints = Dictionary(nodes.map { ($0.id, $0.endpoint) }) { first, _ in first }
            let keys = Dictionary(nodes.compactMap { node in node.key.map { (node.id, $0) } }) { first, _ in first }
            guard case .refused(let reason) = board.place(document, endpoints: endpoints, keys: keys) else {
                return placementTrouble.note(nil)
            }
            placementTrouble.note("The placement in etcd is not taken: \(reason).")
        } catch {
            placementTrouble.note("The placement in etcd is not taken: \(error.message). The last one stays.")
        }
    }

    private mutating func registered(_ pairs: [EtcdPair]) -> [PlacementDocument.Node] {
        var nodes: [PlacementDocument.Node] = []
        var endpoints: Set<String> = []
        var bad: [String] = []
        for pair in pairs where pair.key.hasPrefix(address.nodesPrefix) {
            let name = String(pair.key.dropFirst(address.nodesPrefix.count))
            guard let id = NodeID(validating: name), let node = NodeRegistration(json: pair.value) else {
                bad.append(CheckpointError.quotable(name))
                continue
            }
            guard endpoints.insert(node.endpoint).inserted else {
                bad.append("\(id)")
                continue
            }
            nodes.append(PlacementDocument.Node(id: id, at: node.endpoint, key: node.key))
        }
        nodesTrouble.note(
            bad.isEmpty
                ? nil
                : "Registrations in etcd are passed over, for they make no sense or repeat an endpoint: "
                    + bad.sorted().joined(separator: ", ") + "."
        )
        return nodes
    }
}
