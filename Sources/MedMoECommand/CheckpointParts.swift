internal import Model
internal import Router
internal import Shared

/// A part of a checkpoint with its share of parameters and bytes; the field names are those of `inspect --json`.
struct CheckpointPart: Encodable {
    var part: String
    var parameters: Int
    var bytes: Int
    /// Whether the folder holds its bytes; false for parts that only the manifest describes.
    var is_here: Bool
    /// Whether it belongs to the encoder, which no token of text passes.
    var isVision: Bool

    private enum CodingKeys: String, CodingKey {
        case part, parameters, bytes, is_here
    }
}

/// Divides a checkpoint's tensors into parts: encoder, attention, each expert index, meta experts, head.
enum CheckpointParts {
    /// The parts that have tensors, in the order of the forward pass.
    static func list(_ weights: ModelWeights) -> [CheckpointPart] {
        let configuration = weights.configuration
        let domains = DomainTable(folder: weights.folder)
        var owner: [String: String] = [:]
        for expert in configuration.moe.experts {
            let domain = domains.name(of: expert.slot).map { " (\($0))" } ?? ""
            let part = expert.slot == .meta ? "meta experts" : "routed experts \(expert.slot)\(domain)"
            for tensor in weights.checkpoint.tensors(of: expert, configuration.form) { owner[tensor.fullName] = part }
        }
        let unread = Set(ModelInventory(configuration).unread.flatMap { [$0.name, TensorNames.scale(of: $0.name)] })
        var order: [String] = []
        var parts: [String: CheckpointPart] = [:]
        for name in weights.checkpoint.names {
            guard let entry = weights.checkpoint.entry(name) else { continue }
            let part = owner[name] ?? (unread.contains(name) ? "vision tower, unread" : title(name))
            if parts[part] == nil {
                order.append(part)
                let isVision = part.hasPrefix("vision") || part == "projector"
                parts[part] = CheckpointPart(part: part, parameters: 0, bytes: 0, is_here: true, isVision: isVision)
            }
            if !weights.checkpoint.isScale(name) { parts[part]?.parameters += entry.elementCount }
            parts[part]?.bytes += entry.byteRange.count
            if !weights.checkpoint.isHere(name) { parts[part]?.is_here = false }
        }
        return order.sorted { (rank($0), $0) < (rank($1), $1) }.compactMap { parts[$0] }
    }

    private static func title(_ name: String) -> String {
        switch name {
        case _ where name.hasPrefix("model.image_tower."): "vision tower"
        case _ where name.hasPrefix("model.mm_projector."): "projector"
        case TensorNames.embedTokens: "embeddings"
        case _ where name.hasPrefix("lm_head."): "head"
        case _ where name.contains(".self_attn."): "attention"
        case _ where name.contains(".gate.wg."): "gates"
        case _ where name.contains("norm"): "norms"
        case _ where name.contains(".mlp."): "dense feed-forward blocks"
        default: "others"
        }
    }

    private static func rank(_ part: String) -> Int {
        let order = [
            "vision tower", "vision tower, unread", "projector", "embeddings", "attention", "norms", "gates",
            "dense feed-forward blocks",
        ]
        if let place = order.firstIndex(of: part) { return place }
        if part.hasPrefix("routed") { return 100 }
        return ["meta experts": 101, "head": 102][part] ?? 103
    }
}
