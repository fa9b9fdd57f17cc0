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
            guard entry.isHere, let hello = entry.hello, let node = wanted[hello.sender] else { return nil }
            // One that is refused for its weights alone may load those that are asked for, or drop the others.
            guard entry.refusal == nil || identityRefusal(of: hello, on: link, placed: entry.placed) == nil else {
                return nil
            }
            // Where nobody wrote what a node should hold, it is the node's own business.
            guard !node.servesWhatItHosts else { return nil }
            let kept = node.isDraining ? [] : moving(from: hello, to: document).subtracting(node.experts)
            // A node that loaded what its key is not granted would be refused with all that it has.
            let granted = grant(to: entry.endpoint)
            let message = AssignMessage(
                epoch: document.epoch,
                experts: (node.experts + kept).filter { granted?.contains($0) ?? true }.sorted(),
                draining: node.isDraining,
            )
            return hello.follows(message) ? nil : (link, message)
        }
    }

    /// The nodes that a document gives experts which the allow-list does not grant to their keys, with those experts.
    func ungranted(by document: PlacementDocument) -> [(node: NodeID, experts: [ExpertID])] {
        document.nodes.compactMap { node in
            guard let granted = grant(to: node.endpoint) else { return nil }
            let surplus = node.experts.filter { !granted.contains($0) }
            return surplus.isEmpty ? nil : (node.id, surplus)
        }
    }

    /// What the node at an endpoint may host; nil where the wire has no keys.
    private func grant(to endpoint: String) -> Set<ExpertID>? {
        trust.map { $0.node(at: endpoint)?.experts ?? [] }
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

extension HelloMessage {
    fileprivate func follows(_ message: AssignMessage) -> Bool {
        placementEpoch == message.epoch && draining == message.draining
            && Set(experts.map(\.expert)) == Set(message.experts)
    }
}
