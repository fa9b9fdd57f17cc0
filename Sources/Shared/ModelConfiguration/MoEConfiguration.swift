/// Where the mixture layers of a model are and how many experts each has.
package struct MoEConfiguration: Equatable, Sendable {
    /// How the mixture layers were chosen, as the checkpoint says; `layers` is what counts.
    package enum Mode: String, Sendable, CaseIterable {
        /// Every second layer from 0.
        case sparse
        /// Every layer.
        case dense
        /// The first half of the layers.
        case firstHalf = "first_half"
        /// The second half of the layers.
        case secondHalf = "second_half"
        /// A list.
        case custom
    }

    /// How the mixture layers were chosen.
    package let mode: Mode
    /// Indices of the mixture layers, ascending.
    package let layers: [Int]
    /// Routed experts of each mixture layer, in the order of `layers`.
    package let expertCounts: [Int]
    /// Routed experts that a token visits, 1 or 2.
    package let topK: Int
    /// Whether every mixture layer has an expert that sees all tokens.
    package let hasMetaExpert: Bool
    /// Whether the gates have a bias.
    package let gateHasBias: Bool

    /// Takes numbers that are known to be good.
    package init(
        mode: Mode = .custom,
        layers: [Int],
        expertCounts: [Int],
        topK: Int,
        hasMetaExpert: Bool,
        gateHasBias: Bool = true,
    ) {
        precondition(layers.count == expertCounts.count, "one count of experts for each mixture layer")
        self.mode = mode
        self.layers = layers
        self.expertCounts = expertCounts
        self.topK = topK
        self.hasMetaExpert = hasMetaExpert
        self.gateHasBias = gateHasBias
    }

    /// Routed experts of a layer; nil when it is no mixture layer.
    package func expertCount(layer: Int) -> Int? {
        layers.firstIndex(of: layer).map { expertCounts[$0] }
    }

    /// The slots of a mixture layer in order, the meta expert last; empty when it is no mixture layer.
    package func slots(layer: Int) -> [ExpertSlot] {
        guard let count = expertCount(layer: layer) else { return [] }
        return (0..<count).map { .routed($0) } + (hasMetaExpert ? [.meta] : [])
    }

    /// All slots that occur in any layer, in order.
    package var slots: [ExpertSlot] {
        (0..<(expertCounts.max() ?? 0)).map { .routed($0) } + (hasMetaExpert ? [.meta] : [])
    }

    /// Every expert of the model, by layer and slot.
    package var experts: [ExpertID] {
        layers.flatMap { layer in slots(layer: layer).map { ExpertID(layer: layer, slot: $0) } }
    }
}
