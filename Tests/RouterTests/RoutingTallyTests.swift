import Model
import Router
import Shared
import Testing

@Suite("Routing tally")
struct RoutingTallyTests {
    static func routed(_ layer: Int, _ index: Int) -> ExpertID { ExpertID(layer: layer, slot: .routed(index)) }
    static let meta = ExpertID(layer: 0, slot: .meta)

    @Test("Each row counts for its experts, with their weights; other rows do not count")
    func rows() {
        var tally = RoutingTally()
        let decision = RoutingDecision(
            topK: 2,
            experts: [0, 1, 2, 0, 1, 0, 3, 2],
            weights: [0.75, 0.25, 0.5, 0.5, 1, 0, 1, 0],
        )
        // Rows 1 and 2 are this sequence's, the second of them a picture's.
        tally.add(layer: 4, decision: decision, rows: 1..<3, isImage: { $0 == 1 })
        #expect(Set(tally.entries.keys) == [Self.routed(4, 0), Self.routed(4, 1), Self.routed(4, 2)])
        let expected: [(index: Int, tokens: Int, mass: Double, image: Int)] = [
            (0, 2, 0.5, 1), (1, 1, 1, 1), (2, 1, 0.5, 0),
        ]
        for (index, tokens, mass, image) in expected {
            let entry = tally.entries[Self.routed(4, index)]
            #expect(entry?.tokens == tokens, "expert \(index)")
            #expect(entry?.gateMass == mass, "expert \(index)")
            #expect(entry?.imageTokens == image, "expert \(index)")
        }
    }

    @Test("Steps and layers add up")
    func steps() {
        var tally = RoutingTally()
        let decision = RoutingDecision(topK: 1, experts: [0, 0, 1], weights: [0.5, 0.25, 1])
        tally.add(layer: 0, decision: decision, rows: 0..<3, isImage: { _ in false })
        tally.add(layer: 0, decision: decision, rows: 0..<2, isImage: { _ in true })
        tally.add(layer: 2, decision: decision, rows: 0..<1, isImage: { _ in false })
        #expect(tally.entries[Self.routed(0, 0)]?.tokens == 4)
        #expect(tally.entries[Self.routed(0, 0)]?.gateMass == 1.5)
        #expect(tally.entries[Self.routed(0, 0)]?.imageTokens == 2)
        #expect(tally.entries[Self.routed(0, 1)]?.tokens == 1)
        #expect(tally.entries[Self.routed(2, 0)]?.tokens == 1)
    }

    @Test("Sources are noted for the experts that the sequence used, and the meta expert counts every row")
    func sources() throws {
        var tally = RoutingTally()
        let decision = RoutingDecision(topK: 1, experts: [0, 0, 1], weights: [1, 1, 1])
        tally.add(layer: 0, decision: decision, rows: 0..<2, isImage: { _ in false })
        let (first, second) = (Source.make("a"), Source.make("b"))
        tally.add(
            layer: 0,
            outcome: .init(sources: [Self.routed(0, 0): first, Self.routed(0, 1): second, Self.meta: second]),
            used: [0],
            rows: 0..<2
        )
        tally.add(layer: 0, outcome: .init(sources: [Self.routed(0, 0): second]), used: [0], rows: 0..<2)
        tally.add(layer: 0, outcome: .init(sources: [Self.routed(0, 0): Source.make("c")]), used: [1], rows: 0..<2)
        #expect(tally.entries[Self.routed(0, 0)]?.sources == [first, second])
        #expect(tally.entries[Self.routed(0, 1)] == nil, "a neighbour's expert")
        let meta = try #require(tally.entries[Self.meta])
        #expect(meta.tokens == 2)
        #expect(meta.gateMass == 2)
        #expect(meta.sources == [second])
    }
}
