package import Shared

/// One node to be started: its name and its experts in the words of a flag.
package struct NodeSpec: Sendable, Equatable {
    /// The node's name.
    package let id: NodeID
    /// Its experts, as `medmoe-expert --experts` takes them.
    package let experts: String
    /// The folder with its part of the checkpoint; nil for the folder of the whole cluster.
    package let model: String?

    /// Names a node.
    package init(id: NodeID, experts: String, model: String? = nil) {
        self.id = id
        self.experts = experts
        self.model = model
    }

    /// The same node without its meta experts; nil when nothing is left.
    package func withoutMeta(of moe: MoEConfiguration) throws(PlacementError) -> NodeSpec? {
        let rest = try ExpertSelection(parsing: experts, of: moe).experts.filter { $0.slot != .meta }
        return rest.isEmpty ? nil : NodeSpec(id: id, experts: ExpertSelection(rest, of: moe).description, model: model)
    }

    /// The nodes of a layout.
    package static func list(_ layout: PlacementLayout, of moe: MoEConfiguration) -> [NodeSpec] {
        layout.nodes.map { NodeSpec(id: $0.id, experts: ExpertSelection($0.experts, of: moe).description) }
    }
}
