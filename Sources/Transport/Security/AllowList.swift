package import Shared

/// Which keys are let in, and what for: routers that may ask, nodes that may answer for some experts.
package struct AllowList: Equatable, Sendable {
    /// A node as its key entitles it.
    package struct Node: Equatable, Sendable {
        /// The one name that it may bear.
        package var name: NodeID
        /// Its public key.
        package var key: CurvePublicKey
        /// The experts that it may host.
        package var experts: Set<ExpertID>
        /// Where routers find it, unless the placement says so.
        package var endpoint: String?

        /// Describes a node.
        package init(name: NodeID, key: CurvePublicKey, experts: Set<ExpertID>, endpoint: String? = nil) {
            self.name = name
            self.key = key
            self.experts = experts
            self.endpoint = endpoint
        }

        /// Why a node with this key may not be what it says it is, nil when it may.
        package func refusal(name claimed: String, experts hosted: some Sequence<ExpertID>) -> String? {
            guard claimed == name.rawValue else {
                return
                    "The node that calls itself \(claimed) has the key of \(name); start it with --node \(name), or with "
                    + "its own key."
            }
            let surplus = hosted.filter { !experts.contains($0) }.sorted()
            guard !surplus.isEmpty else { return nil }
            let names = surplus.prefix(8).map(\.description).joined(separator: ",") + (surplus.count > 8 ? ",..." : "")
            return
                "Node \(name) hosts expert \(names), which the allow-list does not grant to its key; mend its --experts "
                + "or the allow-list."
        }
    }

    /// The routers that may ask, by key.
    package let routers: [CurvePublicKey: NodeID]
    /// The nodes that may answer.
    package let nodes: [Node]
    private let nodesByKey: [CurvePublicKey: Node]
    private let nodesByEndpoint: [String: Node]

    /// Takes entries that are known to be good.
    package init(routers: [CurvePublicKey: NodeID] = [:], nodes: [Node] = []) {
        self.routers = routers
        self.nodes = nodes
        nodesByKey = Dictionary(nodes.map { ($0.key, $0) }) { first, _ in first }
        let placed = nodes.compactMap { node in node.endpoint.map { ($0, node) } }
        nodesByEndpoint = Dictionary(placed) { first, _ in first }
    }

    /// The node of a key.
    package func node(key: CurvePublicKey) -> Node? { nodesByKey[key] }

    /// The node that is to be found at an endpoint.
    package func node(endpoint: String) -> Node? { nodesByEndpoint[endpoint] }
}
