package import Shared
package import Transport

/// What nodes are to be told of a placement.
extension NodeRegistry {
    /// What to tell each node that a document names, that can be told, and that does not follow it yet; in the order of
    /// the links.
    ///
    /// A node that hosts what the document says is told all the same while it follows another epoch: else it would listen
    /// to a router whose document is older.
    package func assignments(for document: PlacementDocument) -> [(link: LinkID, message: AssignMessage)] {
        let wanted = Dictionary(document.nodes.map { ($0.id.rawValue, $0) }) { first, _ in first }
        return entries.sorted { $0.key < $1.key }.compactMap { link, entry in
            guard entry.isGreeted, let hello = entry.hello, let node = wanted[hello.sender] else { return nil }
            // Where nobody wrote what a node should hold, it is the node's own business.
            guard !node.servesWhatItHosts else { return nil }
            let kept = node.isDraining ? [] : moving(from: hello, to: document).subtracting(node.experts)
            let message = AssignMessage(
                epoch: document.epoch,
                experts: (node.experts + kept).sorted(),
                draining: node.isDraining,
            )
            return hello.follows(message) ? nil : (link, message)
        }
    }

    /// What a node has that a document wants elsewhere, where nobody serves it yet: it keeps that until somebody does.
    private func moving(from hello: HelloMessage, to document: PlacementDocument) -> Set<ExpertID> {
        let wanted = document.placement
        return Set(hello.experts.map(\.expert)).filter { expert in
            let nodes = wanted.nodes(of: expert)
            return !nodes.isEmpty && !hosts(of: expert).contains { nodes.contains($0.node) }
        }
    }

    /// The experts that the node of a link hosts, by its own account.
    func experts(of link: LinkID) -> [ExpertID] { entries[link]?.hello?.experts.map(\.expert) ?? [] }

    /// The process at the other end of a link.
    func incarnation(of link: LinkID) -> UInt64? { entries[link]?.hello?.incarnation }
}

extension NodeRegistry.Entry {
    /// Whether the peer said hello on a connection that holds, and is one of ours.
    fileprivate var isGreeted: Bool { [.up, .suspect].contains(machine.state) && refusal == nil }
}

extension HelloMessage {
    fileprivate func follows(_ message: AssignMessage) -> Bool {
        placementEpoch == message.epoch && draining == message.draining
            && Set(experts.map(\.expert)) == Set(message.experts)
    }
}
