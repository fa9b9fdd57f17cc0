package import Shared

/// The state of the cluster as one router sees it, for health checks and for people.
package struct ClusterStatus: Sendable, Equatable {
    /// One node.
    package struct Node: Sendable, Equatable {
        /// Where it is.
        package var endpoint: String
        /// Its name, once it said hello.
        package var node: NodeID?
        /// `connecting`, `greeting`, `up`, `suspect`, `down`, or `refused`.
        package var state: String
        /// Why it is refused or down.
        package var reason: String?
        /// The experts that it hosts.
        package var experts: [ExpertID]
        /// How it computes.
        package var numerics: String?
        /// Its software.
        package var software: String?
        /// Batches that it had computed at its last heartbeat.
        package var progress: UInt64
        /// Rows that waited there at its last heartbeat.
        package var queuedRows: Int
        /// Whether it takes no more work.
        package var isDraining: Bool
    }

    /// The nodes, in the order of the configuration.
    package var nodes: [Node]
    /// Every expert of the model, with the nodes that serve it now.
    package var experts: [ExpertID: [NodeID]]
    /// The placement's epoch.
    package var epoch: UInt64
    /// Experts that the router can compute itself, by the weights of its checkpoint.
    package var computedHere: Set<ExpertID> = []
    /// Experts of which the placement names other weights than are served, with those.
    package var waitingWeights: [ExpertID: WeightsHash] = [:]
    /// Experts that nobody would serve with those weights; empty when nothing waits or only for requests to end.
    package var lacking: [ExpertID] = []

    /// Starts without knowledge.
    package init(nodes: [Node] = [], experts: [ExpertID: [NodeID]] = [:], epoch: UInt64 = 1) {
        self.nodes = nodes
        self.experts = experts
        self.epoch = epoch
    }

    /// Experts that no node serves now.
    package var missing: [ExpertID] { experts.filter { $0.value.isEmpty }.keys.sorted() }
    /// Whether every expert is served.
    package var isReady: Bool { missing.isEmpty }
}
