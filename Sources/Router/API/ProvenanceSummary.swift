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

    /// An expert index that a part of the answer was made without.
    struct Missing: Encodable {
        var expert: String
        var domain: String?
        var layers: [Int]
        var tokens: Int
        var gateMassLost: Double

        enum CodingKeys: String, CodingKey {
            case expert, domain, layers, tokens
            case gateMassLost = "gate_mass_lost"
        }
    }

    var modality: String?
    var placementEpoch: UInt64?
    var attempts: Int?
    var degraded: Bool
    var missingExperts: [Missing]?
    var gateMassLost: Double?
    var gateMassLostShare: Double?
    var experts: [Expert]?

    enum CodingKeys: String, CodingKey {
        case modality, attempts, degraded, experts
        case placementEpoch = "placement_epoch"
        case missingExperts = "missing_experts"
        case gateMassLost = "gate_mass_lost"
        case gateMassLostShare = "gate_mass_lost_share"
    }

    /// What is told without being asked: that an answer is degraded, and by what; nil for a whole one.
    package init?(lossesOf tally: RoutingTally, domains: DomainTable) {
        guard tally.isDegraded else { return nil }
        degraded = true
        addLosses(tally, domains: domains)
    }

    /// What a stream says when it becomes degraded.
    init(degradedSoFar: Void) { degraded = true }

    private mutating func addLosses(_ tally: RoutingTally, domains: DomainTable) {
        guard tally.isDegraded else { return }
        let bySlot = Dictionary(grouping: tally.losses) { $0.key.slot }
        missingExperts = bySlot.sorted { $0.key < $1.key }.map { slot, losses in
            Missing(
                expert: slot.description,
                domain: domains.name(of: slot),
                layers: losses.map(\.key.layer).sorted(),
                tokens: losses.reduce(0) { $0 + $1.value.tokens },
                gateMassLost: losses.reduce(0) { $0 + $1.value.gateMass },
            )
        }
        let lost = tally.losses.values.reduce(0) { $0 + $1.gateMass }
        let all = tally.entries.reduce(0) { $0 + ($1.key.slot == .meta ? 0 : $1.value.gateMass) }
        gateMassLost = lost
        gateMassLostShare = all > 0 ? lost / all : 1
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
        attempts = tally.attempts
        degraded = tally.isDegraded
        addLosses(tally, domains: domains)
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
