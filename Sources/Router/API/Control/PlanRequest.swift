internal import Shared

/// The body of `POST /control/v1/placement/plan`: wishes, and what nobody but the operator knows of the nodes.
struct PlanRequest {
    /// A node's resources, or a node that is to come.
    struct Node {
        var id: NodeID
        var endpoint: String?
        var memoryBytes: Int?
        var cores: Int?
    }

    /// What is wanted.
    var wishes = PlacementPlanner.Wishes()
    /// What is said of nodes.
    var nodes: [Node] = []

    /// Reads a body; an empty one asks for the usual.
    init(_ body: [UInt8]) throws(QueryError) {
        guard !body.isEmpty else { return }
        let value: JSONValue
        do {
            value = try JSONParser.parse(body)
        } catch {
            throw QueryError(.invalidRequest, "The request body has to be JSON; it is not, at byte \(error.offset).")
        }
        let fields = try JSONFields(value, path: "")
        try fields.allowOnly(["replicas", "hot_share", "nodes"])
        if let replicas = try fields.integer("replicas", in: 1...64) { wishes.replicas = replicas }
        if let share = try fields.number("hot_share", in: 0...1) { wishes.hotShare = share }
        let list = try fields.array("nodes") ?? []
        guard list.count <= Self.nodeLimit else {
            throw fields.invalid("nodes", "may name at most \(Self.nodeLimit) nodes; \(list.count) came.")
        }
        var names: Set<NodeID> = []
        for (index, value) in list.enumerated() {
            let node = try JSONFields(value, path: "nodes[\(index)]")
            try node.allowOnly(["id", "endpoint", "memory_bytes", "cores"])
            guard let id = try node.string("id").flatMap({ NodeID(validating: $0) }) else {
                throw node.invalid("id", "has to be a node's name of 1 to 128 letters, digits or . _ : -")
            }
            guard names.insert(id).inserted else {
                throw node.invalid("id", "has to be unique; \(id) came twice.")
            }
            let endpoint = try node.string("endpoint")
            guard (1...512).contains(endpoint?.utf8.count ?? 1) else {
                throw node.invalid("endpoint", "has to be of 1 to 512 bytes, such as tcp://10.0.0.2:7000")
            }
            nodes.append(
                Node(
                    id: id,
                    endpoint: endpoint,
                    memoryBytes: try node.integer("memory_bytes", in: 0...Self.byteLimit),
                    cores: try node.integer("cores", in: 1...65_536),
                )
            )
        }
    }

    private static let nodeLimit = 4096
    /// How many may be nodes that are to come, and so can be made up.
    static let newNodeLimit = 256
    private static let byteLimit = 1 << 60
}
