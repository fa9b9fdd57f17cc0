/// Which nodes hold which experts, at one moment; a change of it has a higher epoch.
package struct ExpertPlacement: Equatable, Sendable {
    /// Counts the changes; dispatches carry it.
    package let epoch: UInt64
    /// The nodes of each expert, in the order in which they are preferred; an expert that nobody holds is absent.
    package let nodes: [ExpertID: [NodeID]]

    /// Places experts; an empty list counts as absent, and a node that comes twice in one as once.
    package init(epoch: UInt64, nodes: [ExpertID: [NodeID]]) {
        self.epoch = epoch
        self.nodes = nodes.compactMapValues { list in
            var seen: Set<NodeID> = []
            let unique = list.filter { seen.insert($0).inserted }
            return unique.isEmpty ? nil : unique
        }
    }

    /// The nodes that hold an expert, preferred ones first.
    package func nodes(of expert: ExpertID) -> [NodeID] { nodes[expert] ?? [] }

    /// The experts that a node holds, in order.
    package func experts(on node: NodeID) -> [ExpertID] {
        nodes.filter { $0.value.contains(node) }.keys.sorted()
    }

    /// All nodes that hold anything, in order of name.
    package var allNodes: [NodeID] { Set(nodes.values.joined()).sorted() }

    /// Experts of a model that nobody holds, in order.
    package func missingExperts(of moe: MoEConfiguration) -> [ExpertID] {
        moe.experts.filter { nodes[$0] == nil }
    }
}
