/// A set of a model's experts, as flags and layout files write it: `0.2`, `4.meta`, `*.1`, `*.meta`, `2.*`, `all`,
/// several with commas between them.
package struct ExpertSelection: Equatable, Sendable {
    /// The experts, by layer and slot, each once.
    package let experts: [ExpertID]
    private let moe: MoEConfiguration

    /// Takes experts of a model; others are left out.
    package init(_ experts: some Sequence<ExpertID>, of moe: MoEConfiguration) {
        let chosen = Set(experts)
        self.experts = moe.experts.filter { chosen.contains($0) }
        self.moe = moe
    }

    /// Reads a list of words against a model's layers and experts.
    ///
    /// More words than a model has columns, layers and experts say nothing more, and are refused before they cost anything.
    ///
    /// - Throws: `unknownWord`, `noSuchExpert` or `empty`, naming the word.
    package init(parsing text: String, of moe: MoEConfiguration) throws(PlacementError) {
        var experts: Set<ExpertID> = []
        let limit = moe.experts.count + moe.layers.count + moe.slots.count + 1
        let parts = text.split(separator: ",", maxSplits: limit, omittingEmptySubsequences: false)
        guard parts.count <= limit else {
            throw PlacementError(
                .unknownWord,
                "expected at most \(limit) words for experts, found more; name each once"
            )
        }
        for part in parts {
            let word = part.trimmingSpaces
            guard !word.isEmpty else {
                throw PlacementError(.empty, "expected experts with commas between them, found nothing in a place")
            }
            experts.formUnion(try Self.expand(word, moe))
        }
        self.init(experts, of: moe)
    }

    private static func expand(_ word: Substring, _ moe: MoEConfiguration) throws(PlacementError) -> [ExpertID] {
        if word == "all" { return moe.experts }
        let shown = CheckpointError.quotable(String(word))
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let layer = Part(parts[0], words: ["*"]),
            let slot = Part(parts[1], words: ["*", "meta"])
        else {
            throw PlacementError(
                .unknownWord,
                "expected LAYER.EXPERT such as 0.2, 4.meta, *.1 or 2.*, or all; found \"\(shown)\""
            )
        }
        let found = moe.experts.filter { expert in
            layer.matches("*", number: expert.layer) && slot.matches(expert.slot)
        }
        guard found.isEmpty else { return found }
        if case .number(let layer) = layer, !moe.layers.contains(layer) {
            let layers = moe.layers.map(String.init).joined(separator: ", ")
            throw PlacementError(
                .noSuchExpert,
                "\"\(shown)\" names layer \(layer), but the layers with experts are \(layers)"
            )
        }
        let slots = moe.slots.map(\.description).joined(separator: ", ")
        throw PlacementError(
            .noSuchExpert,
            "\"\(shown)\" names no expert of this model; a layer's experts are \(slots)"
        )
    }

    /// One side of the point.
    private enum Part {
        case number(Int)
        case word(String)

        /// A number in plain digits or one of the words; nil for anything else.
        init?(_ text: Substring, words: [String]) {
            if words.contains(String(text)) {
                self = .word(String(text))
            } else if !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text) {
                self = .number(number)
            } else {
                return nil
            }
        }

        func matches(_ wildcard: String, number: Int) -> Bool {
            switch self {
            case .number(let wanted): wanted == number
            case .word(let word): word == wildcard
            }
        }

        func matches(_ slot: ExpertSlot) -> Bool {
            switch (self, slot) {
            case (.word("*"), _): true
            case (.word("meta"), .meta): true
            case (.number(let wanted), .routed(let index)): wanted == index
            default: false
            }
        }
    }
}

extension ExpertSelection: CustomStringConvertible {
    /// The shortest usual list of words that selects these experts: whole columns, then whole layers, then single ones.
    package var description: String {
        var rest = Set(experts)
        guard rest.count < moe.experts.count else { return "all" }
        var words: [String] = []
        for slot in moe.slots {
            let column = moe.experts.filter { $0.slot == slot }
            guard column.count > 1, rest.isSuperset(of: column) else { continue }
            words.append("*.\(slot)")
            rest.subtract(column)
        }
        for layer in moe.layers {
            let row = moe.slots(layer: layer).map { ExpertID(layer: layer, slot: $0) }
            guard row.count > 1, rest.isSuperset(of: row) else { continue }
            words.append("\(layer).*")
            rest.subtract(row)
        }
        return (words + rest.sorted().map(\.description)).joined(separator: ",")
    }
}

extension Substring {
    /// The text without spaces at its ends.
    fileprivate var trimmingSpaces: Substring {
        let start = drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return start.prefix(0) }
        return start[...last]
    }
}
