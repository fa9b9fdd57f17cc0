internal import Foundation
internal import Shared

/// The body of `GET /v1/models`.
struct ModelListing: Encodable {
    struct Entry: Encodable {
        var id: String
        var object = "model"
        var created: Int
        var ownedBy = "medmoe"

        enum CodingKeys: String, CodingKey {
            case id, object, created
            case ownedBy = "owned_by"
        }
    }

    var object = "list"
    var data: [Entry]
}

/// The body of `GET /readyz`: readiness for each expert.
struct ReadinessReport: Encodable {
    var ready: Bool
    var reason: String?
    var experts: [String: Bool]
    var refused: [String]
    var waiting: WaitingWeights?

    init(_ status: ClusterStatus, isServing: Bool) {
        ready = status.isReady && isServing
        if !isServing {
            reason = "The router is starting or shutting down."
        } else if !status.missing.isEmpty {
            reason = "No node serves expert " + status.missing.map(\.description).joined(separator: ", ") + "."
        }
        experts = Dictionary(uniqueKeysWithValues: status.experts.map { ($0.key.description, !$0.value.isEmpty) })
        refused = status.nodes.filter { $0.state == "refused" }.compactMap(\.reason)
        waiting = status.waitingWeights.map(WaitingWeights.init)
    }
}

/// The body of `GET /control/v1/nodes`: the nodes as the router sees them.
package struct NodeListing: Codable, Sendable {
    /// One node.
    package struct Node: Codable, Sendable {
        /// Where it is.
        package var endpoint: String
        /// Its name, once it said hello.
        package var node: String?
        /// `connecting`, `greeting`, `up`, `suspect`, `down` or `refused`.
        package var state: String
        /// Why it is down or refused.
        package var reason: String?
        /// The experts that it hosts, as `layer.slot`.
        package var experts: [String]
        /// Batches computed, at its last heartbeat.
        package var progress: UInt64
        /// Rows waiting, at its last heartbeat.
        package var queuedRows: Int
        /// How it computes.
        package var numerics: String?
        /// Whether it takes no more work.
        package var draining: Bool

        /// The stable names of the fields.
        package enum CodingKeys: String, CodingKey {
            case endpoint, node, state, reason, experts, progress, numerics, draining
            case queuedRows = "queued_rows"
        }
    }

    /// The placement's epoch.
    package var epoch: UInt64
    /// Whether every expert is served.
    package var ready: Bool
    /// The nodes, in the order of the configuration.
    package var nodes: [Node]

    init(_ status: ClusterStatus) {
        epoch = status.epoch
        ready = status.isReady
        nodes = status.nodes.map { node in
            Node(
                endpoint: node.endpoint,
                node: node.node?.rawValue,
                state: node.state,
                reason: node.reason,
                experts: node.experts.sorted().map(\.description),
                progress: node.progress,
                queuedRows: node.queuedRows,
                numerics: node.numerics,
                draining: node.isDraining,
            )
        }
    }
}
