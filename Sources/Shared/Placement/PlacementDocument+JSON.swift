extension PlacementDocument {
    /// Bytes that a document may have.
    package static let byteLimit = 4 << 20

    /// Reads `{"epoch": 3, "nodes": [{"id": "ct", "endpoint": "tcp://10.0.0.2:7000", "experts": "*.4"}]}`.
    ///
    /// A node may also have `"drain": true` and `"key"`. Its experts are in the words of `ExpertSelection`, `none` for a
    /// node that waits for work; without `experts` it is asked for what it says it hosts. Experts without a node are not an error: a cluster may be short of one for a while.
    /// `"weights": {"3.1": "<64 hexadecimal digits>"}` names experts that are served with other weights than the checkpoint's.
    ///
    /// - Throws: `invalidLayout`, or what `ExpertSelection` says about a node's experts.
    package init(json bytes: [UInt8], of moe: MoEConfiguration) throws(PlacementError) {
        guard bytes.count <= Self.byteLimit else {
            throw PlacementError(
                .invalidLayout,
                "expected a placement of at most \(Self.byteLimit) bytes, found \(bytes.count)"
            )
        }
        let object: JSONObject
        do {
            object = try ConfigurationFile.object(in: bytes, file: "placement")
        } catch {
            throw PlacementError(.invalidLayout, error.description)
        }
        try Self.checkFields(object, ["epoch", "nodes", "weights"], in: "the placement")
        guard case .integer(let epoch)? = object["epoch"], epoch >= 1 else {
            throw PlacementError(.invalidLayout, "expected a whole number \"epoch\" of at least 1 in the placement")
        }
        guard case .array(let list)? = object["nodes"], list.count <= PlacementLayout.nodeLimit else {
            throw PlacementError(
                .invalidLayout,
                "expected a list \"nodes\" of at most \(PlacementLayout.nodeLimit) entries in the placement"
            )
        }
        var nodes: [Node] = []
        var (names, endpoints): (Set<NodeID>, Set<String>) = ([], [])
        for (index, value) in list.enumerated() {
            let node = try Self.node(value, place: "nodes[\(index)] of the placement", moe)
            guard names.insert(node.id).inserted else {
                throw PlacementError(.invalidLayout, "the placement names node \(node.id) twice; names are unique")
            }
            guard endpoints.insert(node.endpoint).inserted else {
                throw PlacementError(
                    .invalidLayout,
                    "the placement gives node \(node.id) an endpoint that another node has; each has its own"
                )
            }
            nodes.append(node)
        }
        self.init(epoch: UInt64(epoch), nodes: nodes, weights: try Self.weights(object["weights"], moe))
    }

    /// The document as it is written: what `init(json:of:)` reads.
    package func json(of moe: MoEConfiguration) -> String {
        var members: [(String, JSONValue)] = [
            ("epoch", .integer(Int(clamping: epoch))),
            ("nodes", .array(nodes.map { .object($0.json(of: moe)) })),
        ]
        if !weights.isEmpty {
            let words = weights.sorted { $0.key < $1.key }.map { ($0.key.description, JSONValue.string("\($0.value)")) }
            members.append(("weights", .object(JSONObject(words))))
        }
        return JSONText.document(.object(JSONObject(members)))
    }

    private static func weights(
        _ value: JSONValue?,
        _ moe: MoEConfiguration,
    ) throws(PlacementError) -> [ExpertID: WeightsHash] {
        guard let value else { return [:] }
        guard case .object(let fields) = value else {
            throw PlacementError(
                .invalidLayout,
                "expected an object such as {\"3.1\": \"<hash>\"} as \"weights\" in the placement, found \(value.kind)"
            )
        }
        var weights: [ExpertID: WeightsHash] = [:]
        for (name, value) in fields.members {
            let experts: [ExpertID]
            do {
                experts = try ExpertSelection(parsing: name, of: moe).experts
            } catch {
                throw PlacementError(error.code, "the weights of the placement: \(error.message)")
            }
            // A hash names one expert's numbers.
            guard experts.count == 1, let expert = experts.first else {
                throw PlacementError(
                    .invalidLayout,
                    "expected one expert for each hash in the weights of the placement, found "
                        + CheckpointError.quotable(name)
                )
            }
            guard case .string(let digits) = value, let hash = WeightsHash(hex: digits) else {
                throw PlacementError(
                    .invalidLayout,
                    "expected 64 hexadecimal digits as the weights of expert \(expert) in the placement"
                )
            }
            guard weights.updateValue(hash, forKey: expert) == nil else {
                throw PlacementError(.invalidLayout, "the placement names the weights of expert \(expert) twice")
            }
        }
        return weights
    }

    private static func node(
        _ value: JSONValue,
        place: String,
        _ moe: MoEConfiguration,
    ) throws(PlacementError) -> Node {
        guard case .object(let fields) = value else {
            throw PlacementError(.invalidLayout, "expected an object as \(place), found \(value.kind)")
        }
        try checkFields(fields, ["id", "endpoint", "experts", "drain", "key"], in: place)
        guard case .string(let name)? = fields["id"], let id = NodeID(validating: name) else {
            throw PlacementError(
                .invalidLayout,
                "expected an \"id\" of 1 to 128 letters, digits or . _ : - in \(place)"
            )
        }
        guard case .string(let endpoint)? = fields["endpoint"], WireEndpoint.fault(of: endpoint) == nil else {
            throw PlacementError(
                .invalidLayout,
                "expected an \"endpoint\" such as tcp://10.0.0.2:7000 for node \(id) in \(place)"
            )
        }
        return Node(
            id: id,
            endpoint: endpoint,
            experts: try experts(fields["experts"], of: id, place, moe),
            isDraining: try drain(fields["drain"], place),
            key: try key(fields["key"], place),
            servesWhatItHosts: fields["experts"] == nil,
        )
    }

    private static func experts(
        _ value: JSONValue?,
        of id: NodeID,
        _ place: String,
        _ moe: MoEConfiguration,
    ) throws(PlacementError) -> [ExpertID] {
        switch value {
        case nil: return []
        case .string("none")?: return []
        case .string(let words)?:
            do {
                return try ExpertSelection(parsing: words, of: moe).experts
            } catch {
                throw PlacementError(error.code, "node \(id): \(error.message)")
            }
        default:
            throw PlacementError(.invalidLayout, "expected \"experts\" as a string such as \"*.4\" in \(place)")
        }
    }

    private static func drain(_ value: JSONValue?, _ place: String) throws(PlacementError) -> Bool {
        switch value {
        case nil: return false
        case .bool(let drains)?: return drains
        case let other?:
            throw PlacementError(.invalidLayout, "expected true or false as \"drain\" in \(place), found \(other.kind)")
        }
    }

    private static func key(_ value: JSONValue?, _ place: String) throws(PlacementError) -> String? {
        switch value {
        case nil: return nil
        case .string(let key)? where key.utf8.count == 40: return key
        default:
            throw PlacementError(.invalidLayout, "expected a public key of 40 characters as \"key\" in \(place)")
        }
    }

    /// A misspelt field would otherwise be passed over in silence.
    private static func checkFields(_ object: JSONObject, _ known: [String], in place: String) throws(PlacementError) {
        for (name, _) in object.members where !known.contains(name) {
            throw PlacementError(
                .invalidLayout,
                "expected only \(known.joined(separator: ", ")) in \(place), found \(CheckpointError.quotable(name))"
            )
        }
    }
}

extension PlacementDocument.Node {
    fileprivate func json(of moe: MoEConfiguration) -> JSONObject {
        var members: [(String, JSONValue)] = [("id", .string(id.rawValue)), ("endpoint", .string(endpoint))]
        if !servesWhatItHosts {
            let words = experts.isEmpty ? "none" : ExpertSelection(experts, of: moe).description
            members.append(("experts", .string(words)))
        }
        if isDraining { members.append(("drain", .bool(true))) }
        if let key { members.append(("key", .string(key))) }
        return JSONObject(members)
    }
}
