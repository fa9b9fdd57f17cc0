/// How a model's experts are split over nodes when a cluster starts.
package struct PlacementLayout: Equatable, Sendable {
    /// One node to be started.
    package struct Node: Equatable, Sendable {
        /// Its name, unique in the layout.
        package let id: NodeID
        /// The experts it holds, by layer and slot.
        package let experts: [ExpertID]

        /// Names a node and its experts.
        package init(id: NodeID, experts: [ExpertID]) {
            self.id = id
            self.experts = experts.sorted()
        }
    }

    /// The nodes, in the order in which replicas are preferred.
    package let nodes: [Node]

    /// Takes nodes that are known to be good.
    package init(nodes: [Node]) {
        self.nodes = nodes
    }

    /// Splits by expert index: without a number of nodes, one node for each index over all layers and one for the meta
    /// experts; with a number, the experts ordered by slot and then layer, cut into equal pieces.
    ///
    /// - Throws: `nodeCount` unless there is at least one node and at most one for each expert.
    package static func byIndex(_ moe: MoEConfiguration, nodes: Int? = nil) throws(PlacementError) -> PlacementLayout {
        let ordered = moe.experts.sorted { ($0.slot, $0.layer) < ($1.slot, $1.layer) }
        if let nodes { return try cut(ordered, into: nodes) }
        return PlacementLayout(
            nodes: moe.slots.map { slot in
                Node(id: NodeID("expert-\(slot)"), experts: ordered.filter { $0.slot == slot })
            }
        )
    }

    /// Splits by layer: the experts ordered by layer and then slot, cut into equal pieces.
    ///
    /// - Throws: `nodeCount` unless there is at least one node and at most one for each expert.
    package static func byLayer(_ moe: MoEConfiguration, nodes: Int) throws(PlacementError) -> PlacementLayout {
        try cut(moe.experts, into: nodes)
    }

    /// Cuts a list into pieces whose lengths differ by one at most, the longer ones first.
    private static func cut(_ experts: [ExpertID], into count: Int) throws(PlacementError) -> PlacementLayout {
        guard count >= 1, count <= experts.count else {
            throw PlacementError(
                .nodeCount,
                "expected 1 to \(experts.count) nodes for the \(experts.count) experts, found \(count)"
            )
        }
        let (length, longer) = experts.count.quotientAndRemainder(dividingBy: count)
        var start = 0
        var nodes: [Node] = []
        for index in 0..<count {
            let end = start + length + (index < longer ? 1 : 0)
            nodes.append(Node(id: NodeID("node-\(index)"), experts: Array(experts[start..<end])))
            start = end
        }
        return PlacementLayout(nodes: nodes)
    }

    /// The placement that holds when all nodes are up.
    package func placement(epoch: UInt64) -> ExpertPlacement {
        var hosts: [ExpertID: [NodeID]] = [:]
        for node in nodes {
            for expert in node.experts { hosts[expert, default: []].append(node.id) }
        }
        return ExpertPlacement(epoch: epoch, nodes: hosts)
    }
}
