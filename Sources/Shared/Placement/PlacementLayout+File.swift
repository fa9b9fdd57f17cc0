extension PlacementLayout {
    /// Nodes that a layout file may have.
    static let nodeLimit = 65_536

    /// Reads a layout file: `{"nodes": [{"id": "ct", "experts": "*.4"}, {"id": "rest", "experts": "all"}]}`.
    ///
    /// An expert on several nodes has replicas, the first one being preferred.
    ///
    /// - Parameter allowingGaps: whether experts may be left without a node, as in a trial of what happens then.
    /// - Throws: `unreadableFile`, `invalidLayout`, `uncovered`, or what `ExpertSelection` says about a node's experts.
    package init(
        file path: String,
        of moe: MoEConfiguration,
        allowingGaps: Bool = false,
    ) throws(PlacementError) {
        let object: JSONObject?
        do {
            object = try ConfigurationFile.object(at: path)
        } catch {
            throw PlacementError(error.code == .invalidJSON ? .invalidLayout : .unreadableFile, error.description)
        }
        guard let object else {
            throw PlacementError(.unreadableFile, "expected a layout file at \(path), found none")
        }
        try self.init(object, of: moe, allowingGaps: allowingGaps)
    }

    /// Reads the text of a layout file.
    ///
    /// - Throws: as for a file.
    package init(
        json text: String,
        of moe: MoEConfiguration,
        allowingGaps: Bool = false,
    ) throws(PlacementError) {
        let object: JSONObject
        do {
            object = try ConfigurationFile.object(in: Array(text.utf8), file: "layout")
        } catch {
            throw PlacementError(.invalidLayout, error.description)
        }
        try self.init(object, of: moe, allowingGaps: allowingGaps)
    }

    private init(_ object: JSONObject, of moe: MoEConfiguration, allowingGaps: Bool) throws(PlacementError) {
        try Self.checkFields(object, ["nodes"], in: "the layout")
        guard case .array(let list)? = object["nodes"], !list.isEmpty, list.count <= Self.nodeLimit else {
            throw PlacementError(
                .invalidLayout,
                "expected a list \"nodes\" of 1 to \(Self.nodeLimit) entries in the layout"
            )
        }
        var nodes: [Node] = []
        var taken: Set<NodeID> = []
        for (index, value) in list.enumerated() {
            let node = try Self.node(value, index: index, moe)
            guard taken.insert(node.id).inserted else {
                throw PlacementError(.invalidLayout, "the layout names node \(node.id) twice; names are unique")
            }
            nodes.append(node)
        }
        self.init(nodes: nodes)
        let missing = placement(epoch: 0).missingExperts(of: moe)
        guard allowingGaps || missing.isEmpty else {
            throw PlacementError(
                .uncovered,
                "the layout leaves experts without a node: \(ExpertSelection(missing, of: moe)); add them to a node"
            )
        }
    }

    private static func node(_ value: JSONValue, index: Int, _ moe: MoEConfiguration) throws(PlacementError) -> Node {
        let place = "nodes[\(index)] of the layout"
        guard case .object(let fields) = value else {
            throw PlacementError(.invalidLayout, "expected an object as \(place), found \(value.kind)")
        }
        try checkFields(fields, ["id", "experts"], in: place)
        guard case .string(let name)? = fields["id"], let id = NodeID(validating: name) else {
            throw PlacementError(
                .invalidLayout,
                "expected an \"id\" of 1 to 128 letters, digits or . _ : - in \(place)"
            )
        }
        guard case .string(let words)? = fields["experts"] else {
            throw PlacementError(.invalidLayout, "expected \"experts\" as a string such as \"*.4\" in \(place)")
        }
        do {
            return Node(id: id, experts: try ExpertSelection(parsing: words, of: moe).experts)
        } catch {
            throw PlacementError(error.code, "node \(id): \(error.message)")
        }
    }

    /// A misspelt field would otherwise be passed over in silence.
    private static func checkFields(_ object: JSONObject, _ known: [String], in place: String) throws(PlacementError) {
        for (name, _) in object.members where !known.contains(name) {
            throw PlacementError(
                .invalidLayout,
                "expected only \(known.joined(separator: " and ")) in \(place), found \(CheckpointError.quotable(name))"
            )
        }
    }
}
