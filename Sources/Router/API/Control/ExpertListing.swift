internal import Shared

/// The body of `GET /control/v1/experts`: each expert with its nodes and what it saw since the router started.
package struct ExpertListing: Codable, Sendable {
    /// One expert.
    package struct Expert: Codable, Sendable {
        /// Its name, as `layer.slot`.
        package var expert: String
        /// The nodes that serve it now.
        package var nodes: [String]
        /// Rows that this router sent it.
        package var rows: Int
        /// Its part of the rows of its layer, from 0 to 1.
        package var share: Double
        /// Bytes of its weights as they are stored.
        package var bytes: Int
    }

    /// The placement's epoch.
    package var epoch: UInt64
    /// Rows of all experts together.
    package var rows: Int
    /// All experts of the model, by layer and slot.
    package var experts: [Expert]

    init(_ status: ClusterStatus, rows: [ExpertID: Int], bytes: [ExpertID: Int], of moe: MoEConfiguration) {
        var layers: [Int: Int] = [:]
        for (expert, count) in rows { layers[expert.layer, default: 0] += count }
        epoch = status.epoch
        self.rows = rows.values.reduce(0, +)
        experts = moe.experts.map { expert in
            let (seen, all) = (rows[expert] ?? 0, layers[expert.layer] ?? 0)
            return Expert(
                expert: expert.description,
                nodes: (status.experts[expert] ?? []).map(\.rawValue),
                rows: seen,
                share: all > 0 ? Double(seen) / Double(all) : 0,
                bytes: bytes[expert] ?? 0,
            )
        }
    }
}
