internal import Imaging
internal import Shared

extension FuzzEntry {
    /// `config.json`, `generation_config.json` and `preprocessor_config.json` beside the weights of a tiny model.
    ///
    /// When the configuration is accepted, the tensors it demands are listed and held against those that are there, as
    /// at every start.
    static let config = FuzzEntry("config") { input, folder in
        folder.once("model.safetensors") { path in
            var writer = SafetensorsWriter()
            for (name, shape) in tensors {
                writer.add(name, shape: shape, floats: Array(repeating: 0.5, count: shape.reduce(1, *)))
            }
            try writer.write(to: path)
        }
        let parts = parts(of: input, 3)
        folder.put("config.json", parts[0])
        folder.put("generation_config.json", parts[1])
        if let preprocessor = parts[2] { _ = try? ImagePreprocessing(json: preprocessor) }
        guard let checkpoint = try? Checkpoint(folder: folder.path),
            let configuration = try? ModelConfiguration(of: checkpoint)
        else { return }
        // A long list is only slow: its sizes are those of a short one.
        guard configuration.layerCount + configuration.vision.layerCount <= 128,
            configuration.moe.expertCounts.reduce(0, +) <= 256
        else { return }
        _ = ModelInventory(configuration).check(checkpoint).error
        _ = checkpoint.layoutHash(configuration)
    }

    /// The tensors that the reading of a configuration looks at, and a few more.
    private static let tensors: [(String, [Int])] = [
        ("lm_head.weight", [11, 8]),
        ("model.embed_tokens.weight", [11, 8]),
        ("model.layers.0.mlp.deepspeed_moe.gate.wg.weight", [2, 8]),
        ("model.layers.0.mlp.deepspeed_moe.experts.deepspeed_experts.0.gate_proj.weight", [12, 8]),
        ("model.layers.0.mlp.meta_moe.gate_proj.weight", [12, 8]),
        ("model.layers.0.self_attn.o_proj.weight", [8, 8]),
        ("model.layers.0.self_attn.q_proj.bias", [8]),
        ("model.layers.0.self_attn.q_proj.weight", [8, 8]),
        ("model.norm.weight", [8]),
    ]
}
