package import Shared

/// The cores of one local node, so that the nodes of a layer work side by side and none of them waits for a core.
///
/// At a layer every row goes to the meta expert and to as many domain experts as the gate picks, in all as many rows
/// again with the usual top-1. So nodes that hold only meta experts share one half of the cores, nodes that hold only
/// domain experts the other, also when the router holds the meta experts; a node that holds both gets all.
package struct CoreShare: Equatable, Sendable {
    /// The cores that the node's threads stay on; none for any.
    package var cores: [Int]
    /// Its compute threads.
    package var threads: Int

    /// Describes a share.
    package init(cores: [Int], threads: Int) {
        self.cores = cores
        self.threads = threads
    }

    /// The flags that say so to a node.
    var arguments: [String] {
        ["--threads", String(threads)]
            + (cores.isEmpty ? [] : ["--cores", cores.map(String.init).joined(separator: ",")])
    }

    /// Shares cores out among the nodes of a layout; with no cores each node gets one thread on any.
    package static func shares(of cores: [Int], among nodes: [NodeSpec]) -> [NodeID: CoreShare] {
        // Where no node holds a meta expert the router computes it, on the other half.
        let hasBoth = nodes.allSatisfy { $0.holds != .both } && nodes.contains { $0.holds == .routed }
        let middle = (cores.count + 1) / 2
        var shares: [NodeID: CoreShare] = [:]
        for node in nodes {
            guard cores.count > 1 else {
                shares[node.id] = CoreShare(cores: cores, threads: 1)
                continue
            }
            let own =
                switch node.holds {
                case .meta where hasBoth: Array(cores[middle...])
                case .routed where hasBoth: Array(cores[..<middle])
                default: cores
                }
            shares[node.id] = CoreShare(cores: own, threads: own.count)
        }
        return shares
    }
}

extension NodeSpec {
    /// What kinds of experts a node holds.
    enum Holding { case meta, routed, both }

    var holds: Holding {
        let parts = experts.split(separator: ",")
        let metas = parts.count { $0.hasSuffix(".meta") }
        if metas == parts.count { return .meta }
        return metas == 0 && experts != "all" ? .routed : .both
    }
}
