package import Shared

/// What people can ask of a router about its cluster, and have it change, apart from how they ask.
package struct ControlAPI: Sendable {
    private let settings: ControlSettings
    private let authority: any PlacementAuthority
    private let drains: DrainBoard
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
            document: await authority.current().map { PlacementReport.Document($0, of: settings.moe) },
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
        let status = status()
        // Where nobody wrote one, what the nodes host is the placement.
        let current = await authority.current() ?? PlacementDocument(status)
        var nodes = current.nodes.map { planned($0, status) }
        for said in request.nodes {
            if let index = nodes.firstIndex(where: { $0.id == said.id }) {
                nodes[index].memoryBytes = said.memoryBytes
                nodes[index].cores = said.cores ?? 1
                if let endpoint = said.endpoint { nodes[index].endpoint = endpoint }
            } else if let endpoint = said.endpoint {
                nodes.append(
                    PlacementPlanner.Node(
                        id: said.id,
                        endpoint: endpoint,
                        memoryBytes: said.memoryBytes,
                        cores: said.cores ?? 1,
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
        wishes.held = held(status)
        let planner = PlacementPlanner(settings.moe, bytes: settings.expertBytes, rows: rows())
        do {
            let plan = try planner.plan(nodes, epoch: current.epoch, wishes: wishes)
            return PlanReport(plan, of: settings.moe)
        } catch {
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
        let held = held(status())
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
            // Those that were just told to drain may still be in what was seen last.
            let leaving = self.drains.nodes.subtracting([node])
            let alone = status.experts.filter { $0.value.filter { !leaving.contains($0) } == [node] }.keys.sorted()
            guard force || alone.isEmpty else {
                throw ControlError(
                    .conflict,
                    "Node \(node) is the only one that serves \(String.words(for: alone, of: settings.moe)); place copies "
                        + "elsewhere first, or force it.",
                )
            }
        }
        let isKept = try await keep(node, drains: drains)
        // What the placement says holds for all routers; a wish of ours beside it would outlive a change of it.
        self.drains.set(node, drains: drains && !isKept)
        return DrainReport(node: node.rawValue, draining: drains, kept: isKept ? authority.name : "router")
    }

    private func known(_ name: String, _ status: ClusterStatus) async throws -> NodeID {
        guard let node = NodeID(validating: name) else {
            throw ControlError(.invalidRequest, "A node's name has 1 to 128 letters, digits or . _ : - in it.")
        }
        if status.nodes.contains(where: { $0.node == node }) || drains.nodes.contains(node) { return node }
        let placed = await authority.current()?.nodes.map(\.id) ?? []
        guard !placed.contains(node) else { return node }
        let names = Set(placed + status.nodes.compactMap(\.node)).sorted().prefix(20).map(\.rawValue)
        throw ControlError(
            .unknownNode,
            "There is no node \(node); "
                + (names.isEmpty ? "none has said its name yet." : "there are \(names.joined(separator: ", "))."),
        )
    }

    /// Writes into the placement that a node drains or not; false where the placement takes no changes.
    private func keep(_ node: NodeID, drains: Bool) async throws -> Bool {
        var refusal: PlacementAuthorityError?
        for _ in 0..<4 {
            guard var document = await authority.current() else { return false }
            guard let index = document.nodes.firstIndex(where: { $0.id == node }) else { return false }
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
            isDraining: node.isDraining || seen?.isDraining ?? false,
            key: node.key,
        )
    }

    /// Experts that a router computes itself: served by somebody who is none of the nodes.
    private func held(_ status: ClusterStatus) -> Set<ExpertID> {
        let names = Set(status.nodes.compactMap(\.node))
        return Set(status.experts.filter { !$0.value.isEmpty && names.isDisjoint(with: $0.value) }.keys)
    }
}
