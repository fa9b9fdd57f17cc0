internal import Metrics
internal import Shared
internal import Synchronization

/// The instruments of each node's answers, made once: each lookup costs more than what it counts.
final class DispatchInstruments: Sendable {
    struct Node: Sendable {
        let time: Timer
        let rows: Counter
        let bytes: Counter
    }

    private let byNode = Mutex<[NodeID: Node]>([:])

    func instruments(of node: NodeID, factory: any MetricsFactory) -> Node {
        byNode.withLock { byNode in
            if let known = byNode[node] { return known }
            let labels = [("node", node.rawValue)]
            let made = Node(
                time: Timer(label: "medmoe_dispatch_seconds", dimensions: labels, factory: factory),
                rows: Counter(label: "medmoe_dispatch_rows_total", dimensions: labels, factory: factory),
                bytes: Counter(label: "medmoe_dispatch_bytes_total", dimensions: labels, factory: factory),
            )
            byNode[node] = made
            return made
        }
    }
}
