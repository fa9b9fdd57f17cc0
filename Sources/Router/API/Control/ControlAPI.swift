internal import NIOPosix
package import Shared
internal import Transport

/// What people can ask of a router about its cluster, and have it change, apart from how they ask.
package struct ControlAPI: Sendable {
    private let settings: ControlSettings
    private let authority: any PlacementAuthority
    private let drains: DrainBoard
    private let planning = PlanTurn()
    private let status: @Sendable () -> ClusterStatus
    private let rows: @Sendable () -> [ExpertID: Int]

    /// Takes where to look: `rows` are those that each expert saw so far.
    package init(
        settings: ControlSettings,
        drains: DrainBoard,
        status: @escaping @Sendable () -> ClusterStatus,
        rows: @escaping @Sendable () -> [ExpertID: Int],
    ) {
        self.settings = settings
        authority = settings.authority ?? FixedPlacement(named: settings.fixedBy, status: status)
        self.drains = drains
        self.status = status
        self.rows = rows
    }

    /// The placement, and what each node does.
    package func placement() async -> PlacementReport {
        let status = status()
        let idle = drains.idle
        return PlacementReport(
            authority: authority.name,
            epoch: status.epoch,
            ready: status.isReady,
            missing: status.missing.map(\.description),
            waiting: status.waitingWeights.map(WaitingWeights.init),
            document: await authority.glance().map { PlacementReport.Document($0, of: settings.moe) },
            nodes: status.nodes.map { node in
                PlacementReport.Node(
                    node: node.node?.rawValue,
                    endpoint: node.endpoint,
                    state: node.state,
                    draining: node.isDraining,
                    drained: node.isDraining && node.node.map(idle.contains) ?? false,
                    hosts: .words(for: node.experts, of: settings.moe),
                    queuedRows: node.queuedRows,
                    reason: node.reason,
                )
            },
        )
    }

    /// Each expert with its nodes and its load.
    package func experts() -> ExpertListing {
        ExpertListing(status(), rows: rows(), bytes: settings.expertBytes, of: settings.moe)
    }

    /// Proposes a placement that follows the current one.
    ///
    /// - Throws: `ControlError`, or `QueryError` about a field of the body.
    package func plan(_ body: [UInt8]) async throws -> PlanReport {
        let request = try PlanRequest(body)
        try planning.begin()
        defer { planning.end() }
        let status = status()
        // Where nobody wrote one, what the nodes host is the placement.
        let current = try await current() ?? PlacementDocument(status)
        var nodes = current.nodes.map { planned($0, status) }
        let places = Dictionary(nodes.enumerated().map { ($1.id, $0) }) { first, _ in first }
        for said in request.nodes {
            if let index = places[said.id] {
                nodes[index].memoryBytes = said.memoryBytes
                nodes[index].cores = said.cores ?? 1
                if let endpoint = said.endpoint {
                    nodes[index].endpoint = endpoint
                    nodes[index].granted = grant(to: .init(id: said.id, at: endpoint, key: nodes[index].key))
                }
            } else if let endpoint = said.endpoint {
                guard nodes.count - current.nodes.count < PlanRequest.newNodeLimit else {
                    throw ControlError(
                        .invalidRequest,
                        "A plan takes at most \(PlanRequest.newNodeLimit) nodes that are not there yet; more came.",
                    )
                }
                nodes.append(
                    PlacementPlanner.Node(
                        id: said.id,
                        endpoint: endpoint,
                        memoryBytes: said.memoryBytes,
                        cores: said.cores ?? 1,
                        granted: grant(to: .init(id: said.id, at: endpoint)),
                    )
                )
            } else {
                throw ControlError(
                    .invalidRequest,
                    "Node \(said.id) is not in the placement; give the endpoint where it will be, or leave it out.",
                )
            }
        }
        var wishes = request.wishes
        wishes.held = held(status, for: current)
        let planner = PlacementPlanner(settings.moe, bytes: settings.expertBytes, rows: rows())
        do {
            // Seconds for a large cluster: not on a thread that requests and streams need.
            var plan = try await NIOThreadPool.singleton.runIfActive { [nodes, wishes] in
                try planner.plan(nodes, epoch: current.epoch, wishes: wishes)
            }
            plan.document.weights = current.weights
            return PlanReport(plan, of: settings.moe)
        } catch let error as PlacementError {
            throw ControlError(.conflict, ControlError.sentence(error.message))
        }
    }

    /// Makes a document the placement; with `force` also one that leaves experts without a node.
    ///
    /// - Throws: `ControlError`.
    package func apply(_ body: [UInt8], force: Bool = false) async throws -> AppliedReport {
        let document: PlacementDocument
        do {
            document = try PlacementDocument(json: body, of: settings.moe)
        } catch {
            throw ControlError(.invalidRequest, ControlError.sentence(error.message))
        }
        // A node on the way out keeps what it has and is asked for nothing.
        for node in document.nodes where !node.isDraining {
            guard let granted = grant(to: node) else { break }
            let surplus = node.experts.filter { !granted.contains($0) }
            guard surplus.isEmpty else {
                throw ControlError(
                    .invalidRequest,
                    "The placement gives node \(node.id) \(String.words(for: surplus, of: settings.moe)), which the "
                        + "allow-list does not grant to its key; grant them or move them.",
                )
            }
        }
        let held = held(status(), for: document)
        // Of a node without experts in the document nobody knows before it speaks.
        let isOpen = document.nodes.contains { $0.servesWhatItHosts && !$0.isDraining }
        let missing = isOpen ? [] : document.placement.missingExperts(of: settings.moe).filter { !held.contains($0) }
        guard force || missing.isEmpty else {
            throw ControlError(
                .invalidRequest,
                "The placement leaves experts without a node that does not drain: "
                    + "\(String.words(for: missing, of: settings.moe)); add them to a node, or force it.",
            )
        }
        do {
            try await authority.apply(document)
        } catch {
            throw ControlError(error)
        }
        return AppliedReport(epoch: document.epoch, authority: authority.name)
    }

    /// Has a node asked for nothing new, or asked again; with `force` also one that is the last to serve an expert.
    ///
    /// - Throws: `ControlError`.
    package func drain(_ name: String, _ drains: Bool, force: Bool = false) async throws -> DrainReport {
        let status = status()
        let node = try await known(name, status)
        if drains {
            guard status.nodes.first(where: { $0.node == node })?.endpoint != "local" else {
                throw ControlError(.conflict, "Node \(node) is this process itself; end it with SIGTERM instead.")
            }
        }
        let isKept = try await keep(node, drains: drains, force: force)
        if drains, !isKept {
            // Looked at and written in one, so that of two drains at once the second sees the first.
            var alone: [ExpertID] = []
            let isTaken = self.drains.drain(node) { others in
                alone = force ? [] : experts(servedBy: node, without: others)
                return alone.isEmpty
            }
            guard isTaken else { throw lastOne(node, alone) }
        } else {
            // What the placement says holds for all routers; a wish of ours beside it would outlive a change of it.
            self.drains.set(node, drains: false)
        }
        return DrainReport(node: node.rawValue, draining: drains, kept: isKept ? authority.name : "router")
    }

    /// The experts that would have nobody without a node, when others leave as well.
    private func experts(servedBy node: NodeID, without others: Set<NodeID>) -> [ExpertID] {
        status().experts.filter { $0.value.filter { $0 == node || !others.contains($0) } == [node] }.keys.sorted()
    }

    private func lastOne(_ node: NodeID, _ experts: [ExpertID]) -> ControlError {
        ControlError(
            .conflict,
            "Node \(node) is the only one that serves \(String.words(for: experts, of: settings.moe)); place copies "
                + "elsewhere first, or force it.",
        )
    }

    /// The placement that somebody wrote; nil only where there is none.
    private func current() async throws -> PlacementDocument? {
        do {
            return try await authority.current()
        } catch {
            throw ControlError(error)
        }
    }

    private func known(_ name: String, _ status: ClusterStatus) async throws -> NodeID {
        guard let node = NodeID(validating: name) else {
            throw ControlError(.invalidRequest, "A node's name has 1 to 128 letters, digits or . _ : - in it.")
        }
        if status.nodes.contains(where: { $0.node == node }) || drains.nodes.contains(node) { return node }
        let placed = try await current()?.nodes.map(\.id) ?? []
        guard !placed.contains(node) else { return node }
        let names = Set(placed + status.nodes.compactMap(\.node)).sorted().prefix(20).map(\.rawValue)
        throw ControlError(
            .unknownNode,
            "There is no node \(node); "
                + (names.isEmpty ? "none has said its name yet." : "there are \(names.joined(separator: ", "))."),
        )
    }

    /// Writes into the placement that a node drains or not; false where the placement takes no changes.
    private func keep(_ node: NodeID, drains: Bool, force: Bool) async throws -> Bool {
        var refusal: PlacementAuthorityError?
        for _ in 0..<4 {
            guard var document = try await current() else { return false }
            guard let index = document.nodes.firstIndex(where: { $0.id == node }) else { return false }
            if drains, !force {
                // In the document that is written, for what was seen last does not know yet who was just told to drain.
                let leaving = document.nodes.filter(\.isDraining).map(\.id)
                let alone = experts(servedBy: node, without: self.drains.nodes.union(leaving))
                guard alone.isEmpty else { throw lastOne(node, alone) }
            }
            document.nodes[index].isDraining = drains
            document.epoch += 1
            do {
                try await authority.apply(document)
                return true
            } catch  where error.code == .fixed {
                return false
            } catch  where error.code == .conflict {
                // Somebody changed it between our look and our write.
                refusal = error
            } catch {
                throw ControlError(error)
            }
        }
        throw refusal.map { ControlError($0) } ?? ControlError(.conflict, "The placement changes too often; try again.")
    }

    /// A node as the planner takes it; one whose experts nobody wrote down has those that it hosts.
    private func planned(_ node: PlacementDocument.Node, _ status: ClusterStatus) -> PlacementPlanner.Node {
        let seen = status.nodes.first { $0.node == node.id }
        return PlacementPlanner.Node(
            id: node.id,
            endpoint: node.endpoint,
            experts: node.servesWhatItHosts ? seen?.experts ?? [] : node.experts,
            // Not what the node says of itself: one that was stopped would drain for ever once it is back.
            isDraining: node.isDraining || drains.nodes.contains(node.id),
            key: node.key,
            granted: grant(to: node),
        )
    }

    /// What a node may host; nil where the wire has no keys.
    private func grant(to node: PlacementDocument.Node) -> Set<ExpertID>? { settings.trust?.grant(to: node) }

    /// Experts that a router computes itself, with the weights that a document means: served by somebody who is none of
    /// the nodes.
    private func held(_ status: ClusterStatus, for document: PlacementDocument) -> Set<ExpertID> {
        let names = Set(status.nodes.compactMap(\.node))
        return Set(status.experts.filter { !$0.value.isEmpty && names.isDisjoint(with: $0.value) }.keys)
            .filter { document.weights[$0] == nil }
    }
}
