package import Model
package import Shared

extension TraceRun {
    /// Which expert took which positions of the prompt; the texts are the tokens of a prompt whose owner asked.
    package func explanation(
        model: MedMoEModel,
        moe: MoEConfiguration,
        domains: DomainTable,
    ) -> RoutingExplanation {
        RoutingExplanation(
            positions: positions(model),
            layers: moe.layers.compactMap { layer in
                guard case .integers(let experts)? = values("expert_index.\(layer)"),
                    case .floats(let weights)? = values("gate_weight.\(layer)")
                else { return nil }
                return .init(index: layer, topK: moe.topK, experts: experts, weights: weights)
            },
            expertCount: moe.expertCounts.max() ?? 0,
            patchesPerSide: model.tower.patchesPerSide,
            domains: domains,
            hasMeta: moe.hasMetaExpert,
        )
    }

    private func values(_ name: String) -> TraceTensor.Values? { tensors.first { $0.name == name }?.values }

    private func positions(_ model: MedMoEModel) -> [RoutingExplanation.Position] {
        guard case .integers(let ids)? = values("input_ids") else { return [] }
        var image = 0
        return ids.flatMap { id -> [RoutingExplanation.Position] in
            guard id == PromptTokenizer.imageSentinel else {
                return [.token(Self.visible(model.tokenizer.decode([id], skipSpecialTokens: false)))]
            }
            defer { image += 1 }
            return (0..<model.tower.patchCount).map { .patch(image: image, index: $0) }
        }
    }

    /// A token with its blanks and control characters to be seen.
    private static func visible(_ token: String) -> String {
        var text = ""
        for scalar in token.unicodeScalars {
            switch scalar {
            case " ": text += "·"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\u{0}"..<" ", "\u{7F}"..."\u{9F}": text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
