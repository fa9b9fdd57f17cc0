import Foundation
import Model
import Router
import Shared
import Testing

@Suite("Provenance summary")
struct ProvenanceSummaryTests {
    /// The summary as its reader gets it.
    struct Summary: Decodable {
        struct Expert: Decodable {
            struct Layer: Decodable, Equatable {
                var layer: Int
                var nodes: [String]
                var weights_hashes: [String]
                var tokens: Int
            }

            var expert: String
            var domain: String?
            var token_share: Double
            var gate_mass_share: Double
            var gate_mass: Double
            var layers: [Layer]
        }

        var modality: String?
        var placement_epoch: UInt64
        var attempts: Int
        var degraded: Bool
        var experts: [Expert]
    }

    static func summary(_ tally: RoutingTally, domains: DomainTable = Nano.domains) throws -> Summary {
        let data = try JSONEncoder().encode(ProvenanceSummary(tally, domains: domains, epoch: 9))
        return try JSONDecoder().decode(Summary.self, from: data)
    }

    /// Two layers: 3 positions to expert 0, 1 to 1, 4 to 2; the meta expert saw all 4 of layer 0.
    static func tally(isImage: (Int) -> Bool = { _ in false }) -> RoutingTally {
        var tally = RoutingTally()
        let first = RoutingDecision(topK: 1, experts: [0, 0, 0, 1], weights: [0.5, 0.5, 0.5, 1])
        let second = RoutingDecision(topK: 1, experts: [2, 2, 2, 2], weights: [0.25, 0.25, 0.5, 0.5])
        tally.add(layer: 0, decision: first, rows: 0..<4, isImage: isImage)
        tally.add(layer: 2, decision: second, rows: 0..<4, isImage: isImage)
        let routed: (Int, Int) -> ExpertID = { ExpertID(layer: $0, slot: .routed($1)) }
        tally.add(
            layer: 0,
            outcome: .init(sources: [
                routed(0, 0): Source.make("b", 2), routed(0, 1): Source.make("a", 1),
                ExpertID(layer: 0, slot: .meta): Source.make("c", 3),
            ]),
            used: [0, 1],
            rows: 0..<4,
        )
        tally.add(layer: 0, outcome: .init(sources: [routed(0, 0): Source.make("a", 2)]), used: [0], rows: 0..<0)
        tally.add(layer: 2, outcome: .init(sources: [routed(2, 2): Source.make("a", 4)]), used: [2], rows: 0..<4)
        return tally
    }

    @Test("Shares are of all routed positions and all gate mass, and add up to 1")
    func shares() throws {
        let summary = try Self.summary(Self.tally())
        #expect(summary.experts.map(\.expert) == ["0", "1", "2", "meta"])
        #expect(summary.experts.map(\.token_share) == [0.375, 0.125, 0.5, 1])
        #expect(summary.experts.map(\.gate_mass) == [1.5, 1, 1.5, 4])
        #expect(summary.experts.map(\.gate_mass_share) == [0.375, 0.25, 0.375, 1])
        let routed = summary.experts.filter { $0.expert != "meta" }
        #expect(routed.reduce(0) { $0 + $1.token_share } == 1)
        #expect(routed.reduce(0) { $0 + $1.gate_mass_share } == 1)
    }

    @Test("Each layer's physical expert is named with its nodes, its weights and its positions")
    func layers() throws {
        let summary = try Self.summary(Self.tally())
        let hash = { (byte: UInt8) in Source.make("", byte).weightsHash.description }
        #expect(
            summary.experts.map(\.layers) == [
                [.init(layer: 0, nodes: ["a", "b"], weights_hashes: [hash(2)], tokens: 3)],
                [.init(layer: 0, nodes: ["a"], weights_hashes: [hash(1)], tokens: 1)],
                [.init(layer: 2, nodes: ["a"], weights_hashes: [hash(4)], tokens: 4)],
                [.init(layer: 0, nodes: ["c"], weights_hashes: [hash(3)], tokens: 4)],
            ]
        )
        #expect(summary.experts.map(\.domain) == ["xray", "mri", "pathology", nil])
        #expect(summary.placement_epoch == 9)
        #expect(summary.attempts == 1)
        #expect(!summary.degraded)
    }

    @Test("The modality is the domain of the expert that most picture positions went to")
    func modality() throws {
        let table: [(name: String, image: @Sendable (Int) -> Bool, expected: String?)] = [
            ("no picture", { _ in false }, nil), ("all positions", { _ in true }, "pathology"),
            ("the last position: a tie, and the lower index wins", { $0 == 3 }, "mri"),
            ("a tie between 0 and 2", { $0 < 3 }, "xray"),
        ]
        for (name, image, expected) in table {
            #expect(try Self.summary(Self.tally(isImage: image)).modality == expected, "\(name)")
        }
    }

    @Test("Without measured domains there is neither modality nor domain")
    func noDomains() throws {
        let summary = try Self.summary(Self.tally { _ in true }, domains: DomainTable(folder: "/nowhere"))
        #expect(summary.modality == nil)
        #expect(summary.experts.allSatisfy { $0.domain == nil })
    }

    @Test("An empty tally is an empty summary, without a division by zero")
    func empty() throws {
        #expect(try Self.summary(RoutingTally()).experts.isEmpty)
        var weightless = RoutingTally()
        let decision = RoutingDecision(topK: 1, experts: [0], weights: [0])
        weightless.add(layer: 0, decision: decision, rows: 0..<1, isImage: { _ in false })
        #expect(try Self.summary(weightless).experts.map(\.gate_mass_share) == [0])
    }
}
