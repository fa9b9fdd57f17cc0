internal import Model
internal import Shared
internal import Transport

/// Who gets which rows of one mixture layer: a pure function of the gate's choice and the placement.
struct DispatchPlan {
    /// The rows of one expert in a node's dispatch.
    struct Group: Equatable {
        let expert: ExpertID
        let weightsHash: WeightsHash
        /// Rows of the layer's input, in the order of the message.
        let inputRows: [Int]
        /// Where the outputs go: assignments `row * topK + rank` of a routed expert, rows of the meta expert.
        let targets: [Int]
    }

    /// What one node is asked.
    struct NodeDispatch: Equatable {
        let link: LinkID
        let node: NodeID
        /// In ascending order of expert.
        let groups: [Group]

        /// Rows in all.
        var rowCount: Int { groups.reduce(0) { $0 + $1.inputRows.count } }
    }

    /// A physical expert that can be asked.
    struct Host: Equatable {
        let link: LinkID
        let node: NodeID
        let weightsHash: WeightsHash
    }

    /// One entry for each node concerned, in ascending order of link.
    let dispatches: [NodeDispatch]
    /// Experts that nobody can be asked for.
    let unplaced: [ExpertID]

    init(
        layer: Int,
        routing: RoutingDecision,
        wantsMeta: Bool,
        liveRows: [Int],
        skippedRows: Set<Int>,
        host: (ExpertID) -> Host?,
    ) {
        var byLink: [LinkID: (node: NodeID, groups: [Group])] = [:]
        var unplaced: [ExpertID] = []
        func place(_ expert: ExpertID, inputRows: [Int], targets: [Int]) {
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
        self.unplaced = unplaced
    }
}
