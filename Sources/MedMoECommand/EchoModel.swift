internal import Kernels
internal import Router
internal import Shared

/// A model of one expert that gives its rows back: what router and node agree on while only their own work is measured.
enum EchoModel {
    static let expert = ExpertID(layer: 0, slot: .routed(0))

    /// The hash of weights and of a layout that there are not.
    static func hash() throws -> WeightsHash {
        guard let hash = WeightsHash(bytes: Array(repeating: 0, count: 32)) else {
            throw AskError("Expected hashes of 32 bytes, they have another length.")
        }
        return hash
    }

    /// What the router demands of the node.
    static func expectation(hiddenSize: Int) throws -> ModelExpectation {
        ModelExpectation(
            layoutHash: try hash(),
            hiddenSize: hiddenSize,
            experts: [expert: try hash()],
            numerics: ComputeDType.f32.numerics,
        )
    }
}
