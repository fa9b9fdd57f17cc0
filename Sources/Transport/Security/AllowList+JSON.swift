package import Shared

extension AllowList {
    /// Bytes that the file may have.
    package static let byteLimit = 4 << 20
    /// Entries of each kind that it may have.
    package static let entryLimit = 4096

    /// Reads `{"routers": [{"name", "key"}], "nodes": [{"name", "key", "experts", "endpoint"}]}`.
    ///
    /// Experts are in the words of `ExpertSelection`; `endpoint` may be left out where a placement has it. A name or an
    /// endpoint comes once, a key once in the whole file: it is one process's.
    ///
    /// - Throws: `invalidAllowList`, with the place in the file.
    package init(json bytes: [UInt8], of moe: MoEConfiguration) throws(WireSecurityError) {
        guard bytes.count <= Self.byteLimit else {
            throw Self.error("expected at most \(Self.byteLimit) bytes, found \(bytes.count)")
        }
        let value: JSONValue
        do {
            value = try JSONParser.parse(bytes)
        } catch {
            throw Self.error("this is not JSON: expected \(error.expectation) at byte \(error.offset)")
        }
        let object = try Self.object(value, fields: ["routers", "nodes"], place: "the allow-list")
        var routers: [CurvePublicKey: NodeID] = [:]
        var nodes: [Node] = []
        var seen = Seen()
        for (index, entry) in try Self.list(object, "routers").enumerated() {
            let place = "routers[\(index)]"
            let fields = try Self.object(entry, fields: ["name", "key"], place: place)
            let (name, key) = try Self.identity(fields, place, &seen)
            routers[key] = name
        }
        seen.names = []
        for (index, entry) in try Self.list(object, "nodes").enumerated() {
            let place = "nodes[\(index)]"
            let fields = try Self.object(entry, fields: ["name", "key", "experts", "endpoint"], place: place)
            let (name, key) = try Self.identity(fields, place, &seen)
            let experts = try Self.experts(fields["experts"], place, moe)
            let endpoint = try Self.endpoint(fields["endpoint"], place, &seen)
            nodes.append(Node(name: name, key: key, experts: experts, endpoint: endpoint))
        }
        self.init(routers: routers, nodes: nodes)
    }

    private struct Seen {
        var names: Set<NodeID> = []
        var keys: Set<CurvePublicKey> = []
        var endpoints: Set<String> = []
    }

    private static func identity(
        _ fields: JSONObject,
        _ place: String,
        _ seen: inout Seen,
    ) throws(WireSecurityError) -> (NodeID, CurvePublicKey) {
        guard case .string(let text)? = fields["name"], let name = NodeID(validating: text) else {
            throw error("expected a \"name\" of 1 to 128 letters, digits or . _ : - in \(place)")
        }
        guard case .string(let text)? = fields["key"], let key = CurvePublicKey(text) else {
            throw error("expected a public key of 40 characters as \"key\" of \(name) in \(place)")
        }
        guard seen.names.insert(name).inserted else { throw error("\(place) names \(name) a second time") }
        guard seen.keys.insert(key).inserted else {
            throw error("\(place) gives \(name) a key that another entry has; every process has its own")
        }
        return (name, key)
    }

    private static func experts(
        _ value: JSONValue?,
        _ place: String,
        _ moe: MoEConfiguration,
    ) throws(WireSecurityError) -> Set<ExpertID> {
        guard case .string(let words)? = value else {
            throw error("expected \"experts\" as a string such as \"*.4\" in \(place)")
        }
        do {
            return Set(try ExpertSelection(parsing: words, of: moe).experts)
        } catch {
            throw Self.error("\(place): \(error.message)")
        }
    }

    private static func endpoint(
        _ value: JSONValue?,
        _ place: String,
        _ seen: inout Seen,
    ) throws(WireSecurityError) -> String? {
        guard let value else { return nil }
        guard case .string(let text) = value, (try? Endpoint.check(text)) != nil else {
            throw error("expected an \"endpoint\" such as tcp://10.0.0.2:7000 in \(place)")
        }
        guard seen.endpoints.insert(text).inserted else {
            throw error("\(place) gives an endpoint that another node has; each has its own")
        }
        return text
    }

    private static func list(_ object: JSONObject, _ name: String) throws(WireSecurityError) -> [JSONValue] {
        switch object[name] {
        case nil: return []
        case .array(let list)? where list.count <= entryLimit: return list
        default: throw error("expected a list of at most \(entryLimit) entries as \"\(name)\"")
        }
    }

    /// A misspelt field would otherwise be passed over in silence.
    private static func object(
        _ value: JSONValue,
        fields: [String],
        place: String,
    ) throws(WireSecurityError) -> JSONObject {
        guard case .object(let object) = value else {
            throw error("expected an object as \(place), found \(value.kind)")
        }
        for (name, _) in object.members where !fields.contains(name) {
            // A whole key file pasted in here would bring its secret along.
            throw error("expected only \(fields.joined(separator: ", ")) in \(place), found another field")
        }
        return object
    }

    private static func error(_ message: String) -> WireSecurityError { WireSecurityError(.invalidAllowList, message) }
}
