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

    /// Weights that the placement names while others are served.
    package struct WaitingWeights: Sendable, Equatable {
        /// The experts, with the hashes of those weights.
        package var experts: [ExpertID: WeightsHash]
        /// The experts that would be lost with them.
        package var lacking: [ExpertID]
        /// Whether nothing has to happen any more but the end of what runs.
        package var isReady: Bool
    }

    /// The nodes, in the order of the configuration.
    package var nodes: [Node]
    /// Every expert of the model, with the nodes that serve it now.
    package var experts: [ExpertID: [NodeID]]
    /// The placement's epoch.
    package var epoch: UInt64
    /// Other weights than are served, which the placement names; nil where there are none.
    package var waitingWeights: WaitingWeights?

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
