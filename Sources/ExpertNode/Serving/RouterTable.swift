package import Transport

/// The routers that a node hears, and when to ask whether one is still there: a value without clock or socket.
///
/// A ROUTER socket does not tell when a connection ends, but it refuses to send to one that has. So while rows of a router
/// wait and it says nothing, it is sent a heartbeat now and then; what becomes of that tells whether anybody is there.
package struct RouterTable {
    private struct Router {
        var incarnation: UInt64?
        var lastContact: ContinuousClock.Instant
    }

    /// Routers that are remembered; connections come and go, so their number is bounded.
    package static let most = 1024
    /// Silence after which a router whose rows wait is sent a heartbeat: with the sending, well below a second.
    package static let probeAfter: Duration = .milliseconds(250)

    private var routers: [PeerID: Router] = [:]

    /// Starts without routers.
    package init() {}

    /// The routers that said hello, in an order that stays.
    package var greeted: [PeerID] {
        routers.filter { $0.value.incarnation != nil }.keys.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    /// Whether a router said hello.
    package func hasGreeted(_ peer: PeerID) -> Bool { routers[peer]?.incarnation != nil }

    /// Something came from a router.
    package mutating func heard(_ peer: PeerID, at now: ContinuousClock.Instant) {
        if routers[peer] != nil { routers[peer]?.lastContact = now } else { add(peer, at: now) }
    }

    /// What follows from a hello.
    package struct Greeting: Equatable, Sendable {
        /// Another process spoke on this connection before: nobody waits for what that one asked.
        package var isAnotherProcess: Bool
        /// Other connections on which the same process said hello.
        ///
        /// They may have ended, or be a second link to this node by another address; so they are asked, not given up.
        package var toProbe: [PeerID]
    }

    /// A router said hello.
    package mutating func greeted(
        _ peer: PeerID,
        incarnation: UInt64,
        at now: ContinuousClock.Instant,
    ) -> Greeting {
        heard(peer, at: now)
        let former = routers[peer]?.incarnation
        routers[peer]?.incarnation = incarnation
        let others = routers.filter { $0.key != peer && $0.value.incarnation == incarnation }.keys
        for other in others { routers[other]?.lastContact = now }
        return Greeting(
            isAnotherProcess: former != nil && former != incarnation,
            toProbe: others.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) },
        )
    }

    /// A router left.
    package mutating func forget(_ peer: PeerID) { routers[peer] = nil }

    /// The routers among these that have been silent, each of them at most once in `probeAfter`.
    package mutating func toProbe(_ waiting: Set<PeerID>, at now: ContinuousClock.Instant) -> [PeerID] {
        waiting.filter { peer in
            guard let router = routers[peer] else {
                add(peer, at: now)
                return true
            }
            guard router.lastContact.duration(to: now) >= Self.probeAfter else { return false }
            routers[peer]?.lastContact = now
            return true
        }.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    private mutating func add(_ peer: PeerID, at now: ContinuousClock.Instant) {
        if routers.count >= Self.most, let oldest = routers.min(by: { $0.value.lastContact < $1.value.lastContact }) {
            routers[oldest.key] = nil
        }
        routers[peer] = Router(incarnation: nil, lastContact: now)
    }
}
