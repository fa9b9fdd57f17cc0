internal import Shared

/// What a node writes of itself into etcd: `{"endpoint": "tcp://10.0.0.2:7000", "experts": "*.4"}`.
package struct NodeRegistration: Equatable, Sendable {
    /// Where routers find it.
    package var endpoint: String
    /// The experts that it hosts, in the words of `ExpertSelection`; for people, since routers ask the node itself.
    package var experts: String
    /// The public key of its CURVE pair, where the wire is encrypted.
    package var key: String?

    /// Describes a node.
    package init(endpoint: String, experts: String, key: String? = nil) {
        self.endpoint = endpoint
        self.experts = experts
        self.key = key
    }

    /// Reads what a node wrote; nil when it makes no sense.
    package init?(json bytes: [UInt8]) {
        guard case .object(let object)? = try? JSONParser.parse(bytes),
            case .string(let endpoint)? = object["endpoint"], WireEndpoint.fault(of: endpoint) == nil,
            case .string(let experts)? = object["experts"]
        else { return nil }
        self.init(endpoint: endpoint, experts: experts)
        if case .string(let key)? = object["key"], key.utf8.count == 40 { self.key = key }
    }

    /// The registration as it is written.
    package var json: String {
        var members: [(String, JSONValue)] = [("endpoint", .string(endpoint)), ("experts", .string(experts))]
        if let key { members.append(("key", .string(key))) }
        return String(decoding: JSONText.bytes(.object(JSONObject(members))), as: UTF8.self)
    }
}
