package import Model
package import Shared
package import Transport

/// Who gets which rows of one mixture layer: a pure function of the gate's choice and the placement.
package struct DispatchPlan {
    /// The rows of one expert in a node's dispatch.
    package struct Group: Equatable {
        /// The expert asked.
        package let expert: ExpertID
        /// The weights that its node said it has.
        package let weightsHash: WeightsHash
        /// Rows of the layer's input, in the order of the message.
        package let inputRows: [Int]
        /// Where the outputs go: assignments `row * topK + rank` of a routed expert, rows of the meta expert.
        package let targets: [Int]
    }

    /// What one node is asked.
    package struct NodeDispatch: Equatable {
        /// Where to send it.
        package let link: LinkID
        /// Who is there.
        package let node: NodeID
        /// In ascending order of expert.
        package let groups: [Group]

        /// Rows in all.
        package var rowCount: Int { groups.reduce(0) { $0 + $1.inputRows.count } }

        /// Names a node's groups.
        package init(link: LinkID, node: NodeID, groups: [Group]) {
            self.link = link
            self.node = node
            self.groups = groups
        }
    }

    /// A physical expert that can be asked.
    package struct Host: Equatable {
        /// Where to ask it.
        package let link: LinkID
        /// Who is there.
        package let node: NodeID
        /// The weights that it has there.
        package let weightsHash: WeightsHash

        /// Names a physical expert.
        package init(link: LinkID, node: NodeID, weightsHash: WeightsHash) {
            self.link = link
            self.node = node
            self.weightsHash = weightsHash
        }
    }

    /// One entry for each node concerned, in ascending order of link.
    package let dispatches: [NodeDispatch]
    /// What is computed in this process, in ascending order of expert, the meta expert last.
    package let here: [Group]
    /// Experts that nobody can be asked for.
    package let unplaced: [ExpertID]

    /// Plans one layer: experts for which `hashHere` knows weights are computed here, `liveRows` are those of the meta expert, rows in `skippedRows` ask for nothing.
    package init(
        layer: Int,
        routing: RoutingDecision,
        wantsMeta: Bool,
        liveRows: [Int],
        skippedRows: Set<Int>,
        hashHere: (ExpertID) -> WeightsHash? = { _ in nil },
        host: (ExpertID) -> Host?,
    ) {
        var byLink: [LinkID: (node: NodeID, groups: [Group])] = [:]
        var unplaced: [ExpertID] = []
        var here: [Group] = []
        func place(_ expert: ExpertID, inputRows: [Int], targets: [Int]) {
            if let hash = hashHere(expert) {
                here.append(Group(expert: expert, weightsHash: hash, inputRows: inputRows, targets: targets))
                return
            }
            guard let host = host(expert) else {
                unplaced.append(expert)
                return
            }
            let group = Group(
                expert: expert,
                weightsHash: host.weightsHash,
                inputRows: inputRows,
                targets: targets,
            )
            byLink[host.link, default: (host.node, [])].groups.append(group)
        }
        for (index, assignments) in routing.assignments(skipping: skippedRows) {
            place(
                ExpertID(layer: layer, slot: .routed(index)),
                inputRows: assignments.map { $0 / routing.topK },
                targets: assignments,
            )
        }
        if wantsMeta, !liveRows.isEmpty {
            place(ExpertID(layer: layer, slot: .meta), inputRows: liveRows, targets: liveRows)
        }
        dispatches = byLink.sorted { $0.key < $1.key }.map {
            NodeDispatch(link: $0.key, node: $0.value.node, groups: $0.value.groups)
        }
        self.here = here
        self.unplaced = unplaced
    }
}
