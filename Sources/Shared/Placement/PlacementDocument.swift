/// What an operator wants of a cluster: its nodes, the experts that each holds, and who is on the way out.
///
/// The file, DNS and etcd all end in one of these; a change of it has a higher epoch.
package struct PlacementDocument: Equatable, Sendable {
    /// One node as it should be.
    package struct Node: Equatable, Sendable {
        /// Its name.
        package var id: NodeID
        /// Where routers find it, as `tcp://host:port` or `ipc://path`.
        package var endpoint: String
        /// The experts that it should hold, by layer and slot; none for one that waits for work.
        package var experts: [ExpertID]
        /// Whether it is asked for whatever it says it hosts, because nobody wrote down what it should; `experts` is empty.
        package var servesWhatItHosts: Bool
        /// Whether it finishes what it has and is asked no more.
        package var isDraining: Bool
        /// The public key of its CURVE pair in Z85 (40 characters), where the wire is encrypted.
        package var key: String?

        /// Describes a node.
        package init(
            id: NodeID,
            endpoint: String,
            experts: [ExpertID],
            isDraining: Bool = false,
            key: String? = nil,
            servesWhatItHosts: Bool = false,
        ) {
            self.id = id
            self.endpoint = endpoint
            self.experts = experts.sorted()
            self.servesWhatItHosts = servesWhatItHosts
            self.isDraining = isDraining
            self.key = key
        }

        /// A node of which only the place is known: it is asked for what it says it hosts.
        package init(id: NodeID, at endpoint: String, key: String? = nil) {
            self.init(id: id, endpoint: endpoint, experts: [], key: key, servesWhatItHosts: true)
        }
    }

    /// Counts the changes; dispatches carry it.
    package var epoch: UInt64
    /// The nodes, in the order in which replicas are preferred.
    package var nodes: [Node]
    /// Experts of which other weights are served than the router's checkpoint has, with the hashes of these.
    package var weights: [ExpertID: WeightsHash]

    /// Takes nodes that are known to be good.
    package init(epoch: UInt64, nodes: [Node], weights: [ExpertID: WeightsHash] = [:]) {
        self.epoch = epoch
        self.nodes = nodes
        self.weights = weights
    }

    /// Which nodes hold which experts, those that drain left out.
    package var placement: ExpertPlacement {
        var places: [ExpertID: [NodeID]] = [:]
        for node in nodes where !node.isDraining {
            for expert in node.experts { places[expert, default: []].append(node.id) }
        }
        return ExpertPlacement(epoch: epoch, nodes: places)
    }
}
