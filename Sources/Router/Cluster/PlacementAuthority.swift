package import Shared

/// Who has the last word on a cluster's placement: a file, a service, or the flags that the router was started with.
package protocol PlacementAuthority: Sendable {
    /// What it is, in a word or two for people.
    var name: String { get }
    /// The placement as it is now; nil only when there is none.
    ///
    /// - Throws: `unavailable` when it cannot be had: whoever took that for none would change what it has not seen.
    func current() async throws(PlacementAuthorityError) -> PlacementDocument?
    /// What this process knows of the placement without asking anybody, for those who only look.
    ///
    /// It may be a moment behind `current`, and costs nothing: anybody may look as often as they like.
    func glance() async -> PlacementDocument?
    /// Makes a document the placement, if its epoch follows on that of the current one.
    func apply(_ document: PlacementDocument) async throws(PlacementAuthorityError)
}

extension PlacementAuthority {
    /// What is there now, where asking costs next to nothing.
    package func glance() async -> PlacementDocument? { try? await current() }
}

/// Why a placement was not taken.
package struct PlacementAuthorityError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of refusal.
    package enum Code: Sendable {
        /// Somebody else was first, or the epoch is not the next one.
        case conflict
        /// This authority takes no changes.
        case fixed
        /// It cannot be reached or written.
        case unavailable
    }

    /// What kind of refusal this is.
    package let code: Code
    /// One sentence: what was expected, what came, what to do.
    package let message: String

    /// Describes a refusal.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The document's epoch is not the one after the current one.
    package init(expected: UInt64, found: UInt64) {
        self.init(
            .conflict,
            "expected a placement of epoch \(expected), found epoch \(found); somebody changed it meanwhile or the epoch was "
                + "not raised: read the current one, and plan or edit anew"
        )
    }

    /// The message.
    package var description: String { message }
}

/// The placement of a router whose nodes stand in its flags or behind a name: what the nodes say of themselves, and no
/// changes.
package struct FixedPlacement: PlacementAuthority {
    /// What fixes it, such as `flags`.
    package let name: String
    private let status: @Sendable () -> ClusterStatus

    /// Takes where the state of the cluster is to be seen.
    package init(named name: String = "flags", status: @escaping @Sendable () -> ClusterStatus) {
        self.name = name
        self.status = status
    }

    /// The nodes that said who they are, with what they host.
    package func current() async throws(PlacementAuthorityError) -> PlacementDocument? { PlacementDocument(status()) }

    /// Refuses.
    package func apply(_ document: PlacementDocument) async throws(PlacementAuthorityError) {
        throw PlacementAuthorityError(
            .fixed,
            "this router has its nodes from \(name) and takes no placement; restart the nodes with other --experts, or "
                + "give the router --membership file:PATH or etcd:ADDRESS"
        )
    }
}

extension PlacementDocument {
    /// What the nodes of a cluster host, as they say themselves; those that have not said who they are do not occur.
    package init(_ status: ClusterStatus) {
        var names: Set<NodeID> = []
        self.init(
            epoch: status.epoch,
            nodes: status.nodes.compactMap { node in
                guard node.state != "refused", let id = node.node, names.insert(id).inserted else { return nil }
                return Node(id: id, endpoint: node.endpoint, experts: node.experts, isDraining: node.isDraining)
            },
        )
    }
}
