extension MoEConfiguration {
    private typealias Limits = ModelConfiguration.Limits

    /// Reads the section `moe` of `config.json`; the meta expert and the gates' biases are told by the tensors.
    init(fields top: ConfigurationFields, layerCount: Int, names: [String]) throws(CheckpointError) {
        guard let fields = try top.fields("moe"), try fields.flag("moe_enable") ?? true else {
            throw top.problem(
                "moe",
                "expected a mixture of experts, found none; a dense checkpoint is not served",
                code: .unsupported
            )
        }
        if try fields.flag("use_residual") ?? false {
            throw fields.problem(
                "use_residual",
                "expected false, found true: a second block mixed in by learned shares (DeepSpeed's residual experts) is "
                    + "not served; no published Med-MoE checkpoint has it",
                code: .unsupported
            )
        }
        let (mode, layers) = try Self.layers(fields, layerCount: layerCount)
        let counts = try Self.expertCounts(fields, layers: layers.count)
        let topK = try fields.requiredInteger("top_k_experts", in: Limits.topK)
        if let fewest = counts.min(), topK > fewest {
            throw fields.problem("top_k_experts", "expected at most the \(fewest) experts of a layer, found \(topK)")
        }
        self.init(
            mode: mode,
            layers: layers,
            expertCounts: counts,
            topK: topK,
            hasMetaExpert: names.contains { $0.contains(TensorNames.metaExpertInfix) },
            gateHasBias: names.contains { $0.hasSuffix(TensorNames.gateSuffix + ".bias") },
        )
    }

    private static func layers(
        _ fields: ConfigurationFields,
        layerCount: Int,
    ) throws(CheckpointError) -> (Mode, [Int]) {
        let word = try fields.string("moe_mode")
        let mode = word.flatMap(Mode.init(rawValue:))
        if let word, mode == nil {
            let known = Mode.allCases.map(\.rawValue).joined(separator: ", ")
            throw fields.problem("moe_mode", "expected one of \(known), found \(CheckpointError.quotable(word))")
        }
        if let list = try fields.integers("moe_layers_idx", in: 0...layerCount - 1, limit: layerCount) {
            guard !list.isEmpty, Set(list).count == list.count else {
                throw fields.problem("moe_layers_idx", "expected at least one layer and each once, found \(list)")
            }
            // The counts of experts follow this order, so it may not be put right in silence.
            guard list == list.sorted() else {
                throw fields.problem("moe_layers_idx", "expected ascending layers, found \(list)")
            }
            return (mode ?? .custom, list)
        }
        switch mode {
        case .sparse: return (.sparse, Array(stride(from: 0, to: layerCount, by: 2)))
        case .dense: return (.dense, Array(0..<layerCount))
        case .firstHalf where layerCount > 1: return (.firstHalf, Array(0..<layerCount / 2))
        case .secondHalf: return (.secondHalf, Array(layerCount / 2..<layerCount))
        default: throw fields.problem("moe_layers_idx", "expected the mixture layers, found none")
        }
    }

    private static func expertCounts(_ fields: ConfigurationFields, layers: Int) throws(CheckpointError) -> [Int] {
        guard let counts = try fields.integers("num_experts", in: Limits.experts, limit: 1024) else {
            throw fields.problem("num_experts", "expected a number of experts for each mixture layer, found none")
        }
        let spread = counts.count == 1 ? Array(repeating: counts[0], count: layers) : counts
        guard spread.count == layers else {
            throw fields.problem(
                "num_experts",
                "expected one number or \(layers), one a mixture layer; found \(counts.count)"
            )
        }
        let sum = spread.reduce(0, +)
        guard sum <= Limits.expertsInAll else {
            throw fields.problem("num_experts", "expected at most \(Limits.expertsInAll) experts in all, found \(sum)")
        }
        return spread
    }
}
