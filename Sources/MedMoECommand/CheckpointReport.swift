internal import Foundation
internal import Model
internal import Shared

/// What `medmoe inspect` prints; the field names are stable.
struct CheckpointReport: Encodable {
    struct Part: Encodable {
        var part: String
        var parameters: Int
        var bytes: Int
    }

    struct Expert: Encodable {
        var expert: String
        var bytes: Int
        var weights_hash: String?
    }

    var folder: String
    var form: String
    var layout_hash: String
    var hidden_size: Int
    var layers: Int
    var mixture_layers: [Int]
    var routed_experts: [Int]
    var meta_expert: Bool
    var gate_bias: Bool
    var top_k: Int
    var context: Int
    var vision: String
    var dtypes: [String: Int]
    var tensors: Int
    var parameters: Int
    var activated_parameters: Int
    var parts: [Part]
    var experts: [Expert]
    var missing: [String]
    var misshapen: [String]
    var surplus: [String]
    var loadable: Bool

    init(_ weights: ModelWeights, hashes: Bool) throws(CheckpointError) {
        let configuration = weights.configuration
        let checkpoint = weights.checkpoint
        let check = ModelInventory(configuration).check(checkpoint)
        let entries = checkpoint.names.compactMap { checkpoint.entry($0) }
        func count(_ matches: (String) -> Bool) -> (parameters: Int, bytes: Int) {
            entries.filter { matches($0.name) }.reduce((0, 0)) {
                ($0.0 + $1.elementCount, $0.1 + $1.byteRange.count)
            }
        }
        let routed = { (name: String) in name.contains(".deepspeed_experts.") }
        let meta = { (name: String) in name.contains(".meta_moe.") }
        let encoder = { (name: String) in name.hasPrefix("model.image_tower.") || name.hasPrefix("model.mm_projector.")
        }
        let head = { (name: String) in name == TensorNames.head || name == TensorNames.embedTokens }
        let kinds: [(String, (String) -> Bool)] = [
            ("vision tower and projector", encoder), ("embeddings and head", head), ("routed experts", routed),
            ("meta experts", meta),
            ("attention, norms, gates, dense layers", { !encoder($0) && !head($0) && !routed($0) && !meta($0) }),
        ]
        parts = kinds.map { name, matches in
            let (parameters, bytes) = count(matches)
            return Part(part: name, parameters: parameters, bytes: bytes)
        }
        folder = weights.folder
        form = configuration.form.rawValue
        layout_hash = weights.layoutHash.description
        hidden_size = configuration.hiddenSize
        layers = configuration.layerCount
        mixture_layers = configuration.moe.layers
        routed_experts = configuration.moe.expertCounts
        meta_expert = configuration.moe.hasMetaExpert
        gate_bias = configuration.moe.gateHasBias
        top_k = configuration.moe.topK
        context = configuration.maximumPositions
        let vision = configuration.vision
        self.vision =
            "\(vision.imageSize) px, patch \(vision.patchSize), \(vision.patchCount) patches of \(vision.hiddenSize)"
        dtypes = Dictionary(entries.map { ($0.dtype.rawValue, 1) }, uniquingKeysWith: +)
        tensors = entries.count
        parameters = entries.reduce(0) { $0 + $1.elementCount }
        var list: [Expert] = []
        for id in configuration.moe.experts {
            let bytes = TensorNames.weights(of: id, configuration.form).reduce(0) {
                $0 + (checkpoint.entry($1.fullName)?.byteRange.count ?? 0)
            }
            let hash = hashes && bytes > 0 ? try weights.hash(of: id).description : nil
            list.append(Expert(expert: id.description, bytes: bytes, weights_hash: hash))
        }
        experts = list
        // A token passes top_k of the routed experts of each mixture layer, and everything else of the decoder.
        let perExpert = 3 * configuration.hiddenSize * configuration.intermediateSize
        let idle = zip(configuration.moe.layers, configuration.moe.expertCounts).reduce(0) {
            $0 + max(0, $1.1 - configuration.moe.topK) * perExpert
        }
        activated_parameters = parameters - count(encoder).parameters - idle
        missing = check.missing.map(\.name)
        misshapen = (check.misshapen + check.unreadable).map(\.requirement.name)
        surplus = check.surplus.map(\.name)
        loadable = check.isLoadable
    }

    /// The report for people.
    var text: String {
        var lines = [
            "\(folder): \(form) form, \(loadable ? "complete" : "NOT LOADABLE")",
            "  layout hash           \(layout_hash.prefix(12))",
            "  decoder               \(layers) layers of \(hidden_size), context \(context)",
            "  mixture               layers \(mixture_layers.map(String.init).joined(separator: ",")); routed experts "
                + "\(routed_experts.map(String.init).joined(separator: ",")); top-\(top_k)"
                + "\(meta_expert ? "; meta expert" : "; no meta expert")\(gate_bias ? "; gate with bias" : "")",
            "  vision                \(vision)",
            "  parameters            \(parameters), of the decoder \(activated_parameters) activated for a token",
            "  tensors               \(tensors): "
                + dtypes.sorted { $0.key < $1.key }.map { "\($1) \($0)" }
                .joined(separator: ", "),
            "",
        ]
        var rows = [["PART", "PARAMETERS", "MIB"]]
        for part in parts {
            rows.append([part.part, String(part.parameters), String(format: "%.1f", Double(part.bytes) / 1_048_576)])
        }
        lines.append(TextTable.render(rows))
        if experts.contains(where: { $0.weights_hash != nil }) {
            lines.append("")
            lines.append(
                TextTable.render([["EXPERT", "WEIGHTS HASH"]] + experts.map { [$0.expert, $0.weights_hash ?? "-"] })
            )
        }
        for (title, names) in [("missing", missing), ("wrong shape or type", misshapen), ("surplus", surplus)]
        where !names.isEmpty {
            let shown = names.prefix(20).joined(separator: "\n    ")
            lines.append("\n  \(title) (\(names.count)):\n    \(shown)\(names.count > 20 ? "\n    …" : "")")
        }
        return lines.joined(separator: "\n")
    }
}
