/// Proposes which node holds which experts, from the memory and the cores of the nodes and the rows that experts were sent.
///
/// What is there stays unless there is a reason to move it, because a move is a load of weights. A plan depends on what
/// goes in and on nothing else.
package struct PlacementPlanner: Sendable {
    /// A node that can be asked to hold experts.
    package struct Node: Equatable, Sendable {
        /// Its name.
        package var id: NodeID
        /// Where routers find it.
        package var endpoint: String
        /// Bytes of weights that it can hold; nil where nobody said, which counts as enough.
        package var memoryBytes: Int?
        /// Cores that compute there; load is shared out in proportion to them.
        package var cores: Int
        /// What it holds now.
        package var experts: [ExpertID]
        /// Whether it is on the way out: it keeps what it has, and that counts for nothing.
        package var isDraining: Bool
        /// Its public key, which goes into the document as it is.
        package var key: String?
        /// The experts that it may hold; nil where it may hold any.
        package var granted: Set<ExpertID>?

        /// Describes a node.
        package init(
            id: NodeID,
            endpoint: String,
            memoryBytes: Int? = nil,
            cores: Int = 1,
            experts: [ExpertID] = [],
            isDraining: Bool = false,
            key: String? = nil,
            granted: Set<ExpertID>? = nil,
        ) {
            self.id = id
            self.endpoint = endpoint
            self.memoryBytes = memoryBytes
            self.cores = max(1, cores)
            self.experts = experts
            self.isDraining = isDraining
            self.key = key
            self.granted = granted
        }
    }

    /// What is wanted beside one copy of every expert.
    package struct Wishes: Equatable, Sendable {
        /// Copies that every expert has to have, at least 1.
        package var replicas = 1
        /// The share of its layer's rows, from 0 to 1, at which an expert gets one copy more where memory allows.
        package var hotShare = 0.25
        /// Experts that routers compute themselves, which no node has to hold.
        package var held: Set<ExpertID> = []

        /// One copy each, and one more of whatever sees a quarter of its layer's rows.
        package init() {}
    }

    /// A share at which an expert has a second copy already is let go below this part of the wish, so that a load about
    /// the wish does not load and drop a copy in turn.
    static let reluctance = 0.8
    /// A node may have so much more load for each core than the mean before anything is moved for it.
    static let tolerance = 1.25

    private let moe: MoEConfiguration
    private let bytes: [ExpertID: Int]
    private let rows: [ExpertID: Int]

    /// Takes a model, the bytes of its experts' weights, and the rows that each was sent so far.
    package init(_ moe: MoEConfiguration, bytes: [ExpertID: Int], rows: [ExpertID: Int]) {
        self.moe = moe
        self.bytes = bytes
        self.rows = rows
    }

    /// Proposes a placement that follows the one of epoch `epoch`.
    ///
    /// - Throws: `nodeCount` when there are fewer nodes than copies wanted, `noRoom` when an expert fits nowhere.
    package func plan(_ nodes: [Node], epoch: UInt64, wishes: Wishes = Wishes()) throws(PlacementError) -> PlacementPlan
    {
        let usable = nodes.filter { !$0.isDraining }
        guard wishes.replicas >= 1, wishes.replicas <= usable.count else {
            let draining = nodes.count - usable.count
            throw PlacementError(
                .nodeCount,
                "expected at least \(max(1, wishes.replicas)) nodes that do not drain for \(wishes.replicas) copies of "
                    + "each expert, found \(usable.count)\(draining > 0 ? " beside \(draining) that drain" : ""); "
                    + "start more nodes or ask for fewer copies"
            )
        }
        var draft = PlacementDraft(usable, of: moe, bytes: bytes, rows: rows)
        draft.fitGrants()
        draft.fitMemory()
        draft.dropSurplus(wishes)
        draft = try Self.complete(draft, wishes)
        draft.useLoad(wishes)
        return makePlan(draft, nodes, epoch: epoch)
    }

    /// Places what is missing: beside what is there, else all anew and the largest first, else as tightly as that goes.
    private static func complete(
        _ draft: PlacementDraft,
        _ wishes: Wishes,
    ) throws(PlacementError) -> PlacementDraft {
        for isFresh in [false, true] {
            var attempt = draft
            if isFresh { attempt.clear() }
            do {
                try attempt.placeMissing(wishes)
                return attempt
            } catch {
                continue
            }
        }
        var attempt = draft
        attempt.clear()
        try attempt.placeMissing(wishes, tightly: true)
        return attempt
    }

    private func makePlan(_ draft: PlacementDraft, _ nodes: [Node], epoch: UInt64) -> PlacementPlan {
        var documentNodes: [PlacementDocument.Node] = []
        var changes: [PlacementPlan.Change] = []
        var reasons = draft.reasons
        for node in nodes {
            let before = Set(node.experts)
            let after = node.isDraining ? before : draft.experts(on: node.id)
            documentNodes.append(
                PlacementDocument.Node(
                    id: node.id,
                    endpoint: node.endpoint,
                    experts: Array(after),
                    isDraining: node.isDraining,
                    key: node.key,
                )
            )
            if node.isDraining {
                reasons.append("Node \(node.id) drains: it keeps what it has and is asked for nothing.")
                continue
            }
            if before != after {
                let (added, dropped) = (after.subtracting(before).sorted(), before.subtracting(after).sorted())
                changes.append(PlacementPlan.Change(node: node.id, added: added, dropped: dropped))
            }
            let kept = before.intersection(after)
            if !kept.isEmpty {
                reasons.append("Node \(node.id) keeps \(ExpertSelection(kept, of: moe)): nothing is gained by a move.")
            } else if after.isEmpty {
                reasons.append("Node \(node.id) gets nothing: no expert is missing and none is hot.")
            }
            if node.memoryBytes == nil, before != after {
                reasons.append("Nobody said how much memory node \(node.id) has; it counts as enough.")
            }
        }
        if draft.isUnmeasured {
            reasons.append("No rows were measured yet, so every expert counts as equally loaded and none as hot.")
        }
        let isSame = changes.isEmpty
        return PlacementPlan(
            document: PlacementDocument(epoch: isSame ? epoch : epoch + 1, nodes: documentNodes),
            changes: changes,
            reasons: reasons,
        )
    }
}
