internal import Shared

/// The body of `GET /control/v1/placement`: what is wanted, and what each node does.
package struct PlacementReport: Codable, Sendable {
    /// A placement, in the words of its file.
    package struct Document: Codable, Sendable {
        /// One node as it should be.
        package struct Node: Codable, Sendable {
            /// Its name.
            package var id: String
            /// Where routers find it.
            package var endpoint: String
            /// Its experts, as `--experts` takes them, or `none`; absent where it is asked for what it hosts.
            package var experts: String?
            /// Whether it is on the way out; absent when not.
            package var drain: Bool?
            /// Its public key, where it has one.
            package var key: String?
        }

        /// Counts the changes.
        package var epoch: UInt64
        /// The nodes, in the order in which replicas are preferred.
        package var nodes: [Node]
        /// Experts that are to have other weights than the checkpoint's, with their hashes; absent where there are none.
        package var weights: [String: String]?

        init(_ document: PlacementDocument, of moe: MoEConfiguration) {
            epoch = document.epoch
            let named = document.weights.map { ($0.key.description, $0.value.description) }
            weights = named.isEmpty ? nil : Dictionary(uniqueKeysWithValues: named)
            nodes = document.nodes.map { node in
                Node(
                    id: node.id.rawValue,
                    endpoint: node.endpoint,
                    experts: node.servesWhatItHosts ? nil : .words(for: node.experts, of: moe),
                    drain: node.isDraining ? true : nil,
                    key: node.key,
                )
            }
        }
    }

    /// One node as this router sees it.
    package struct Node: Codable, Sendable {
        /// Its name, once it said hello.
        package var node: String?
        /// Where it is.
        package var endpoint: String
        /// `connecting`, `greeting`, `up`, `suspect`, `down` or `refused`.
        package var state: String
        /// Whether it is asked for nothing new.
        package var draining: Bool
        /// Whether it drains and owes this router nothing.
        package var drained: Bool
        /// The experts that it hosts, as `--experts` takes them.
        package var hosts: String
        /// Rows waiting there, of all routers, at its last heartbeat.
        package var queuedRows: Int
        /// Why it is down or refused.
        package var reason: String?

        /// The stable names of the fields.
        package enum CodingKeys: String, CodingKey {
            case node, endpoint, state, draining, drained, hosts, reason
            case queuedRows = "queued_rows"
        }
    }

    /// Who keeps the placement: `flags`, `file` or another name.
    package var authority: String
    /// The epoch that this router follows.
    package var epoch: UInt64
    /// Whether every expert is served.
    package var ready: Bool
    /// Experts that nobody serves, as `layer.slot`.
    package var missing: [String]
    /// Weights that the placement names and that are not served yet; absent where there are none.
    package var waiting: WaitingWeights?
    /// The placement; absent where it cannot be had.
    package var document: Document?
    /// The nodes that this router knows.
    package var nodes: [Node]
}

/// Weights that a placement names while others are served.
package struct WaitingWeights: Codable, Sendable {
    /// The experts, as `layer.slot`, with the hashes of the weights that wait.
    package var experts: [String: String]
    /// The experts that would be lost with these weights.
    package var lacking: [String]
    /// Whether only what runs has to end.
    package var ready: Bool

    init(_ waiting: ClusterStatus.WaitingWeights) {
        let named = waiting.experts.map { ($0.key.description, $0.value.description) }
        experts = Dictionary(uniqueKeysWithValues: named)
        lacking = waiting.lacking.map(\.description)
        ready = waiting.isReady
    }

    /// What they wait for, in a sentence for people.
    package var sentence: String {
        let names = experts.keys.sorted().joined(separator: ", ")
        let cause =
            if !lacking.isEmpty { "with them nobody would serve \(lacking.joined(separator: ", "))" } else if ready {
                "what runs has to end"
            } else { "no node that may be asked has them yet" }
        return "Other weights of \(names) wait: \(cause)."
    }
}

/// The body that answers `POST /control/v1/placement/plan`.
package struct PlanReport: Codable, Sendable {
    /// What changes on one node.
    package struct Change: Codable, Sendable {
        /// The node.
        package var node: String
        /// What it has to load, as `--experts` takes it, or `none`.
        package var adds: String
        /// What it no longer has to hold.
        package var drops: String
    }

    /// The proposal, ready for `PUT /control/v1/placement`.
    package var document: PlacementReport.Document
    /// What changes; empty when nothing should.
    package var changes: [Change]
    /// Copies of experts that have to be loaded.
    package var loads: Int
    /// Why: sentences for people.
    package var reasons: [String]

    init(_ plan: PlacementPlan, of moe: MoEConfiguration) {
        document = PlacementReport.Document(plan.document, of: moe)
        changes = plan.changes.map { change in
            Change(
                node: change.node.rawValue,
                adds: .words(for: change.added, of: moe),
                drops: .words(for: change.dropped, of: moe),
            )
        }
        loads = plan.loads
        reasons = plan.reasons
    }
}

/// The body that answers `PUT /control/v1/placement`.
package struct AppliedReport: Codable, Sendable {
    /// The epoch of the placement now.
    package var epoch: UInt64
    /// Who keeps it.
    package var authority: String
}

/// The body that answers `POST /control/v1/nodes/ID/drain` and `/undrain`.
package struct DrainReport: Codable, Sendable {
    /// The node.
    package var node: String
    /// Whether it is wanted to drain.
    package var draining: Bool
    /// Who remembers that: `router`, until it ends, or the authority of the placement.
    package var kept: String
}

extension String {
    /// Experts as flags and placements write them.
    static func words(for experts: [ExpertID], of moe: MoEConfiguration) -> String {
        experts.isEmpty ? "none" : ExpertSelection(experts, of: moe).description
    }
}
