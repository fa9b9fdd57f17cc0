package import Shared

/// Keeps nodes that vanished from a list for a while.
///
/// A name server that was asked a moment too early, or an etcd that lost its leases, is no reason to cut links that
/// work: the links find out by themselves whether a node lives. A value; the time is handed in.
package struct LeaveGrace {
    private let period: Duration
    private var known: [(node: PlacementDocument.Node, missedSince: Duration?)] = []

    /// Nodes stay for `period` after they were missed first.
    ///
    /// Not after they were seen last: after a long absence of the list itself that would be no grace at all.
    package init(period: Duration) {
        self.period = period
    }

    /// The nodes that count when these are seen; one of the same name or endpoint as a vanished one replaces it at once.
    package mutating func members(seeing seen: [PlacementDocument.Node], at now: Duration) -> [PlacementDocument.Node] {
        let (names, endpoints) = (Set(seen.map(\.id)), Set(seen.map(\.endpoint)))
        let vanished = known.compactMap { one -> (node: PlacementDocument.Node, missedSince: Duration?)? in
            guard !names.contains(one.node.id), !endpoints.contains(one.node.endpoint) else { return nil }
            let since = one.missedSince ?? now
            return now - since < period ? (one.node, since) : nil
        }
        known = (seen.map { ($0, nil) } + vanished).sorted { $0.node.id < $1.node.id }
        return known.map(\.node)
    }
}
