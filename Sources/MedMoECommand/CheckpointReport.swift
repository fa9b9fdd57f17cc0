internal import Foundation
internal import Kernels
internal import Model
internal import Router
internal import Shared

/// What `medmoe inspect` prints; the field names are stable.
struct CheckpointReport: Encodable {
    struct Expert: Encodable {
        var expert: String
        var domain: String?
        var bytes: Int
        var is_here: Bool
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
    var default_dtype: String
    var dtypes: [String: Int]
    var tensors: Int
    var parameters: Int
    var activated_parameters: Int
    var parts: [CheckpointPart]
    var experts: [Expert]
    var missing: [String]
    var misshapen: [String]
    var surplus: [String]
    var notes: [String]
    var loadable: Bool

    init(_ weights: ModelWeights, hashes: Bool) throws(CheckpointError) {
        let configuration = weights.configuration
        let checkpoint = weights.checkpoint
        let check = ModelInventory(configuration).check(checkpoint)
        let entries = checkpoint.names.compactMap { checkpoint.entry($0) }
        parts = CheckpointParts.list(weights)
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
        default_dtype = checkpoint.defaultDType.rawValue
        dtypes = Dictionary(entries.map { ($0.dtype.rawValue, 1) }, uniquingKeysWith: +)
        tensors = entries.count
        // Scales belong to how weights are stored, not to the model.
        parameters = entries.filter { !checkpoint.isScale($0.name) }.reduce(0) { $0 + $1.elementCount }
        let domains = DomainTable(folder: weights.folder)
        let here = Set(weights.expertsHere)
        var list: [Expert] = []
        for id in configuration.moe.experts {
            let bytes = checkpoint.tensors(of: id, configuration.form).reduce(0) {
                $0 + (checkpoint.entry($1.fullName)?.byteRange.count ?? 0)
            }
            let hash = hashes && here.contains(id) ? try weights.hash(of: id).description : nil
            list.append(
                Expert(
                    expert: id.description,
                    domain: domains.name(of: id.slot),
                    bytes: bytes,
                    is_here: here.contains(id),
                    weights_hash: hash ?? checkpoint.manifest?.experts[id]?.description,
                )
            )
        }
        experts = list
        // A token passes top_k of the routed experts of each mixture layer, and everything else of the decoder.
        let perExpert = ModelInventory.feedForward("", configuration).reduce(0) { $0 + $1.shape.reduce(1, *) }
        let idle = zip(configuration.moe.layers, configuration.moe.expertCounts).reduce(0) {
            $0 + max(0, $1.1 - configuration.moe.topK) * perExpert
        }
        activated_parameters = parameters - parts.filter(\.isVision).reduce(0) { $0 + $1.parameters } - idle
        notes = Self.notes(weights)
        missing = check.missing.map(\.name)
        misshapen = (check.misshapen + check.unreadable).map(\.requirement.name)
        surplus = check.surplus.map(\.name)
        loadable = check.isLoadable
    }

    /// The report for people.
    var text: String {
        var lines = [
            "\(folder): \(form) form, \(loadable ? (isPart ? "a part of a checkpoint" : "complete") : "NOT LOADABLE")",
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
            "  default --dtype       \(default_dtype)",
            "",
        ]
        var rows = [["PART", "PARAMETERS", "MIB"]]
        for part in parts {
            rows.append([part.part, String(part.parameters), Self.mebibytes(part.bytes)])
        }
        lines.append(TextTable.render(rows))
        lines.append("")
        var table = [["EXPERT", "DOMAIN", "MIB", "HERE", "WEIGHTS HASH"]]
        for expert in experts {
            table.append([
                expert.expert, expert.domain ?? "-", Self.mebibytes(expert.bytes), expert.is_here ? "yes" : "no",
                expert.weights_hash ?? "(--hashes)",
            ])
        }
        lines.append(TextTable.render(table))
        for note in notes { lines.append("\n  note: \(note)") }
        for (title, names) in [("missing", missing), ("wrong shape or type", misshapen), ("surplus", surplus)]
        where !names.isEmpty {
            let shown = names.prefix(20).map(CheckpointError.quotable).joined(separator: "\n    ")
            lines.append("\n  \(title) (\(names.count)):\n    \(shown)\(names.count > 20 ? "\n    …" : "")")
        }
        return lines.joined(separator: "\n")
    }

    private var isPart: Bool { parts.contains { !$0.is_here } }

    private static func mebibytes(_ bytes: Int) -> String { String(format: "%.1f", Double(bytes) / 1_048_576) }

    /// What somebody who knows the original would ask about.
    private static func notes(_ weights: ModelWeights) -> [String] {
        let configuration = weights.configuration
        var notes: [String] = []
        if configuration.moe.topK == 2 {
            notes.append(
                "top-2 is deterministic here; the original draws the second expert with noise, also when it answers"
            )
        }
        if !configuration.moe.hasMetaExpert { notes.append("the older form without meta expert") }
        if weights.checkpoint.hasByteWeights {
            notes.append("linear layers are stored in bytes, a scale for each output; they compute in int8 only")
        }
        switch configuration.vision.source {
        case .checkpoint: break
        case .towerFolder(let folder): notes.append("the vision tower's sizes come from \(folder)")
        case .assumed: notes.append("the vision tower's sizes are not given; those of ViT-L/14 at 336 pixels are taken")
        }
        return notes
    }
}
