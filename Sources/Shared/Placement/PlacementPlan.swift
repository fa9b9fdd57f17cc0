/// A proposed placement, and why it is as it is.
package struct PlacementPlan: Equatable, Sendable {
    /// What changes on one node.
    package struct Change: Equatable, Sendable {
        /// The node.
        package let node: NodeID
        /// Experts that it has to load.
        package let added: [ExpertID]
        /// Experts that it no longer has to hold.
        package let dropped: [ExpertID]
    }

    /// The proposal; its epoch is the current one when nothing changes, else one more.
    package var document: PlacementDocument
    /// What changes, node by node; nodes that stay as they are do not occur.
    package let changes: [Change]
    /// Why each expert is where it is, was moved or got a replica: sentences for people.
    package let reasons: [String]

    /// Copies of experts that have to be loaded somewhere.
    package var loads: Int { changes.reduce(0) { $0 + $1.added.count } }
}
