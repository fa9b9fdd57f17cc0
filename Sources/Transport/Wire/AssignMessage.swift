package import Shared

/// What a router wants a node to host, from a placement: these experts and no others.
package struct AssignMessage: Hashable, Sendable {
    /// The placement's epoch; a node passes over one that is older than its own.
    package var epoch: UInt64
    /// The experts, at most `WireLimits.experts`; none for a node that waits for work.
    package var experts: [ExpertID]
    /// Whether the node is to finish what is queued and to take no more.
    package var draining: Bool

    /// Makes an assignment.
    package init(epoch: UInt64, experts: [ExpertID], draining: Bool = false) {
        self.epoch = epoch
        self.experts = experts
        self.draining = draining
    }
}

extension AssignMessage {
    func validate() throws(WireError) {
        guard experts.count <= WireLimits.experts else {
            throw WireError(
                .limitExceeded,
                "assign has \(experts.count) experts; the limit is \(WireLimits.experts)",
            )
        }
        for expert in experts { try expert.validateForWire() }
    }
}
