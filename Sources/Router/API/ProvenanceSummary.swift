internal import Foundation
internal import Model
internal import Shared

/// The `medmoe` object of an answer: which experts made it, where, and with which weights.
package struct ProvenanceSummary: Encodable {
    /// One expert index, all mixture layers together.
    struct Expert: Encodable {
        /// One layer's physical expert.
        struct Layer: Encodable {
            var layer: Int
            var nodes: [String]
            var weightsHashes: [String]
            var tokens: Int

            enum CodingKeys: String, CodingKey {
                case layer, nodes, tokens
                case weightsHashes = "weights_hashes"
            }
        }

        var expert: String
        var domain: String?
        var tokenShare: Double
        var gateMassShare: Double
        var gateMass: Double
        var layers: [Layer]

        enum CodingKeys: String, CodingKey {
            case expert, domain, layers
            case tokenShare = "token_share"
            case gateMassShare = "gate_mass_share"
            case gateMass = "gate_mass"
        }
    }

    var modality: String?
    var placementEpoch: UInt64
    var attempts: Int
    var degraded: Bool
    var experts: [Expert]

    enum CodingKeys: String, CodingKey {
        case modality, attempts, degraded, experts
        case placementEpoch = "placement_epoch"
    }

    /// Sums a tally up by expert index.
    ///
    /// Shares of the routed experts are of all routed positions and of all gate mass, so they add up to 1; the meta
    /// expert sees every position, with weight 1.
    package init(_ tally: RoutingTally, domains: DomainTable, epoch: UInt64) {
        var bySlot: [ExpertSlot: [ExpertID]] = [:]
        for id in tally.entries.keys { bySlot[id.slot, default: []].append(id) }
        let routed = tally.entries.filter { $0.key.slot != .meta }.values
        let allTokens = Double(max(1, routed.reduce(0) { $0 + $1.tokens }))
        let allMass = max(routed.reduce(0) { $0 + $1.gateMass }, .leastNormalMagnitude)
        experts = bySlot.sorted { $0.key < $1.key }.map { slot, ids in
            let entries = ids.sorted().compactMap { id in tally.entries[id].map { (id, $0) } }
            let tokens = Double(entries.reduce(0) { $0 + $1.1.tokens })
            let mass = entries.reduce(0) { $0 + $1.1.gateMass }
            return Expert(
                expert: slot.description,
                domain: domains.name(of: slot),
                tokenShare: slot == .meta ? 1 : tokens / allTokens,
                gateMassShare: slot == .meta ? 1 : mass / allMass,
                gateMass: mass,
                layers: entries.map { id, entry in
                    Expert.Layer(
                        layer: id.layer,
                        nodes: Set(entry.sources.map(\.node.rawValue)).sorted(),
                        weightsHashes: Set(entry.sources.map(\.weightsHash.description)).sorted(),
                        tokens: entry.tokens,
                    )
                },
            )
        }
        modality = Self.modality(tally, domains: domains)
        placementEpoch = epoch
        attempts = 1
        degraded = false
    }

    /// The domain of the expert that most picture positions went to; nil without a picture or without measured domains.
    private static func modality(_ tally: RoutingTally, domains: DomainTable) -> String? {
        var bySlot: [ExpertSlot: Int] = [:]
        for (id, entry) in tally.entries where id.slot != .meta { bySlot[id.slot, default: 0] += entry.imageTokens }
        let most = bySlot.max { ($0.value, $1.key) < ($1.value, $0.key) }
        guard let most, most.value > 0 else { return nil }
        return domains.name(of: most.key)
    }
}
