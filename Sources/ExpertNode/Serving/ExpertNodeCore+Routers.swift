internal import Shared
package import Transport

/// Routers that come and go, and what becomes of what they asked.
extension ExpertNodeCore {
    /// The routers that said hello and were not seen to leave.
    package var greetedRouters: [PeerID] { routers.greeted }

    /// Whether a router has said hello.
    package func knows(_ peer: PeerID) -> Bool { routers.hasGreeted(peer) }

    /// Drops what a router asked that is gone: it said so, or nothing can be sent to it.
    package func forget(_ peer: PeerID) {
        routers.forget(peer)
        drop(of: [peer])
    }

    /// A router said hello; what a former process on its connection asked is dropped, and its other connections are asked
    /// whether they are still there: where nothing can be sent to one, `forget` is told.
    func greeted(_ peer: PeerID, incarnation: UInt64) {
        let greeting = routers.greeted(peer, incarnation: incarnation, at: now())
        if greeting.isAnotherProcess { drop(of: [peer]) }
        for other in greeting.toProbe { reply(WireHeader(body: .heartbeat(heartbeat)), to: other) }
    }

    /// Asks routers that have been silent while their rows wait whether they are still there.
    func probeRouters() {
        guard hasWork else { return }
        let waiting = Set(batcher.queue.map(\.peer))
        for peer in routers.toProbe(waiting, at: now()) { reply(WireHeader(body: .heartbeat(heartbeat)), to: peer) }
    }

    private func drop(of peers: Set<PeerID>) {
        guard !peers.isEmpty else { return }
        let orphans = batcher.removeAll { peers.contains($0.peer) }
        guard !orphans.isEmpty else { return }
        metrics.recordOrphaned(orphans.count)
        events.append(.orphaned(dispatches: orphans.count))
    }
}
