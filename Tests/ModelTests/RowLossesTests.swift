internal import Kernels
internal import Model
internal import Shared
internal import Testing

/// What becomes of rows whose experts did not answer: two rows of top-2, experts 0 and 1 for the first, 1 and 2 for the
/// second.
@Suite struct RowLossesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var missing: [ExpertSlot]
        /// The experts that rows may do without.
        var borne: Set<Int> = []
        var hasMeta = true
        /// The expert that spoils each row.
        var spoiled: [Int: ExpertSlot] = [:]
        /// The gate mass that each row goes on without.
        var lost: [Int: Float] = [:]
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "nothing is missing", missing: []),
        Case(name: "an expert that nobody may do without", missing: [.routed(0)], spoiled: [0: .routed(0)]),
        Case(name: "an expert that rows may do without", missing: [.routed(1)], borne: [1], lost: [0: 1, 1: 1]),
        Case(
            name: "beside one that is borne, the one that is not decides",
            missing: [.routed(0), .routed(1), .routed(2)],
            borne: [1, 0],
            spoiled: [1: .routed(2)],
            lost: [0: 1],
        ),
        Case(
            name: "where the meta expert is missing too, it decides",
            missing: [.routed(0), .meta],
            borne: [0, 1, 2],
            spoiled: [0: .meta, 1: .meta],
        ),
        Case(
            name: "without a meta expert nothing is borne",
            missing: [.routed(2)],
            borne: [2],
            hasMeta: false,
            spoiled: [1: .routed(2)],
        ),
    ]

    private static func losses(_ item: Case) -> RowLosses {
        let failures = item.missing.map { slot -> (ExpertID, ExpertFailure) in
            let id = ExpertID(layer: 3, slot: slot)
            return (id, ExpertFailure(expert: id, code: .unavailable, message: "gone"))
        }
        let outputs = ExpertOutputs(
            routed: Tensor(uninitialized: TensorShape(4, 2)),
            meta: Tensor(uninitialized: TensorShape(item.hasMeta ? 2 : 0, 2)),
            sources: [:],
            failures: Dictionary(uniqueKeysWithValues: failures),
        )
        let routing = RoutingDecision(topK: 2, experts: [0, 1, 1, 2], weights: [0.75, 0.25, 0.5, 0.5])
        return outputs.rowLosses(routing, layer: 3) { _, expert in item.borne.contains(expert) }
    }

    @Test("Each row is whole, goes on without what it may, or is spoiled by what it may not", arguments: cases)
    func rows(item: Case) {
        let losses = Self.losses(item)
        #expect(losses.spoiled.mapValues(\.expert.slot) == item.spoiled)
        #expect(losses.lost.mapValues(\.gateMass) == item.lost)
    }
}
