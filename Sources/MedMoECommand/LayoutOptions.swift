internal import ArgumentParser
internal import LocalCluster
internal import Shared

/// How the experts of a model are split over nodes.
struct LayoutOptions: ParsableArguments {
    /// What stays together on a node.
    enum Split: String, ExpressibleByArgument, CaseIterable {
        /// Experts of one index, all layers.
        case index
        /// Experts of one layer, all indices.
        case layer
    }

    @Option(help: "Number of expert nodes. (default: one for each expert index and one for the meta experts)")
    var nodes: Int?

    @Option(help: "What stays together on a node: index or layer.")
    var split: Split = .index

    @Option(help: "A JSON file that names the nodes: {\"nodes\":[{\"id\":\"ct\",\"experts\":\"*.4\"}]}.")
    var layout: String?

    /// Where meta experts compute.
    enum MetaHome: String, ExpressibleByArgument, CaseIterable {
        /// On nodes, as all experts.
        case node
        /// In the router, while the nodes compute theirs.
        case router
    }

    @Option(help: "node or router: where meta experts compute.")
    var meta: MetaHome = .node

    /// The nodes to start for a model.
    func makeNodes(_ moe: MoEConfiguration) throws(PlacementError) -> [NodeSpec] {
        let specs = try allNodes(moe)
        guard meta == .router else { return specs }
        var rest: [NodeSpec] = []
        for spec in specs {
            if let routed = try spec.withoutMeta(of: moe) { rest.append(routed) }
        }
        return rest
    }

    private func allNodes(_ moe: MoEConfiguration) throws(PlacementError) -> [NodeSpec] {
        let placement: PlacementLayout
        if let layout {
            placement = try PlacementLayout(file: layout, of: moe)
        } else {
            switch split {
            case .index: placement = try .byIndex(moe, nodes: nodes)
            case .layer: placement = try .byLayer(moe, nodes: nodes ?? moe.layers.count)
            }
        }
        return NodeSpec.list(placement, of: moe)
    }
}
