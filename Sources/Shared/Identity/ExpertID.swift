/// Which feed-forward block of a mixture layer: one of the routed experts, or the meta expert that sees every token.
package enum ExpertSlot: Hashable, Sendable {
    /// The routed expert with this index within its layer.
    case routed(Int)
    /// The always-on meta expert of the layer.
    case meta
}

extension ExpertSlot: Comparable {
    /// Routed experts by index, the meta expert last: the order in which outputs are combined.
    package static func < (left: ExpertSlot, right: ExpertSlot) -> Bool {
        switch (left, right) {
        case (.routed(let a), .routed(let b)): a < b
        case (.routed, .meta): true
        case (.meta, _): false
        }
    }
}

extension ExpertSlot: CustomStringConvertible {
    /// `2` or `meta`.
    package var description: String {
        switch self {
        case .routed(let index): String(index)
        case .meta: "meta"
        }
    }
}

/// The address of one expert of a checkpoint: its layer and its slot there, written `4.2` or `4.meta`.
package struct ExpertID: Hashable, Sendable {
    /// Index of the decoder layer, from 0.
    package var layer: Int
    /// The feed-forward block within the layer.
    package var slot: ExpertSlot

    /// Names one expert.
    package init(layer: Int, slot: ExpertSlot) {
        self.layer = layer
        self.slot = slot
    }

    /// Reads `4.2` or `4.meta`; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let layer = Self.number(parts[0]) else { return nil }
        if parts[1] == "meta" {
            self.init(layer: layer, slot: .meta)
        } else {
            guard let index = Self.number(parts[1]) else { return nil }
            self.init(layer: layer, slot: .routed(index))
        }
    }

    private static func number(_ digits: Substring) -> Int? {
        digits.utf8.allSatisfy { (48...57).contains($0) } ? Int(digits) : nil
    }
}

extension ExpertID: Comparable {
    /// By layer, then by slot.
    package static func < (left: ExpertID, right: ExpertID) -> Bool {
        (left.layer, left.slot) < (right.layer, right.slot)
    }
}

extension ExpertID: CustomStringConvertible {
    /// `4.2` or `4.meta`.
    package var description: String { "\(layer).\(slot)" }
}
