import Foundation
import Shared

/// Writes the smallest checkpoint of the StableLM form, of which tests change a field or a tensor.
///
/// It has two layers, the first a mixture of two experts and a meta expert, two heads of four, a tower of two blocks.
struct TinyCheckpoint {
    /// The fields of `config.json`, as JSON.
    var fields: [String: String] = [
        "model_type": #""moe_llava_stablelm""#, "hidden_act": #""silu""#, "hidden_size": "8", "intermediate_size": "12",
        "num_hidden_layers": "2", "num_attention_heads": "2", "num_key_value_heads": "2", "norm_eps": "1e-05",
        "rope_pct": "0.5", "rope_theta": "10000", "max_position_embeddings": "16", "vocab_size": "10",
        "eos_token_id": "3", "image_aspect_ratio": #""pad""#, "mm_hidden_size": "4", "mm_vision_select_layer": "-2",
    ]
    /// The fields of the section `moe`, as JSON.
    var moe: [String: String] = [
        "moe_enable": "true", "moe_mode": #""sparse""#, "moe_layers_idx": "[0]", "num_experts": "[2]",
        "top_k_experts": "1", "use_residual": "false",
    ]
    /// The fields of the section `vision_config`, as JSON; nil leaves it out.
    var vision: [String: String]? = [
        "hidden_size": "4", "intermediate_size": "6", "num_hidden_layers": "2", "num_attention_heads": "2",
        "image_size": "4", "patch_size": "2",
    ]
    /// The text of `generation_config.json`; nil leaves it out.
    var generation: String?
    /// Names and shapes of the tensors.
    var tensors: [String: [Int]] = Self.tensors

    private static var tensors: [String: [Int]] {
        var result: [String: [Int]] = [
            "model.embed_tokens.weight": [11, 8], "lm_head.weight": [11, 8], "model.norm.weight": [8],
            "model.norm.bias": [8], "model.mm_projector.image_spatial_proj.0.weight": [8, 4],
            "model.mm_projector.image_spatial_proj.0.bias": [8],
            "model.mm_projector.image_spatial_proj.2.weight": [8, 8],
            "model.mm_projector.image_spatial_proj.2.bias": [8],
        ]
        func feedForward(_ module: String) {
            result[module + ".gate_proj.weight"] = [12, 8]
            result[module + ".up_proj.weight"] = [12, 8]
            result[module + ".down_proj.weight"] = [8, 12]
        }
        for layer in 0..<2 {
            let name = "model.layers.\(layer)."
            for module in ["input_layernorm", "post_attention_layernorm"] {
                result[name + module + ".weight"] = [8]
                result[name + module + ".bias"] = [8]
            }
            for module in ["q_proj", "k_proj", "v_proj"] {
                result[name + "self_attn.\(module).weight"] = [8, 8]
                result[name + "self_attn.\(module).bias"] = [8]
            }
            result[name + "self_attn.o_proj.weight"] = [8, 8]
        }
        result["model.layers.0.mlp.deepspeed_moe.gate.wg.weight"] = [2, 8]
        result["model.layers.0.mlp.deepspeed_moe.gate.wg.bias"] = [2]
        feedForward("model.layers.0.mlp.deepspeed_moe.experts.deepspeed_experts.0")
        feedForward("model.layers.0.mlp.deepspeed_moe.experts.deepspeed_experts.1")
        feedForward("model.layers.0.mlp.meta_moe")
        feedForward("model.layers.1.mlp")
        let tower = "model.image_tower.image_tower.vision_model."
        result[tower + "embeddings.class_embedding"] = [4]
        result[tower + "embeddings.patch_embedding.weight"] = [4, 3, 2, 2]
        result[tower + "embeddings.position_embedding.weight"] = [5, 4]
        result[tower + "pre_layrnorm.weight"] = [4]
        result[tower + "pre_layrnorm.bias"] = [4]
        let block = tower + "encoder.layers.0."
        for norm in ["layer_norm1", "layer_norm2"] {
            result[block + norm + ".weight"] = [4]
            result[block + norm + ".bias"] = [4]
        }
        for linear in ["q_proj", "k_proj", "v_proj", "out_proj"] {
            result[block + "self_attn.\(linear).weight"] = [4, 4]
            result[block + "self_attn.\(linear).bias"] = [4]
        }
        result[block + "mlp.fc1.weight"] = [6, 4]
        result[block + "mlp.fc1.bias"] = [6]
        result[block + "mlp.fc2.weight"] = [4, 6]
        result[block + "mlp.fc2.bias"] = [4]
        return result
    }

    /// Writes the files into a folder and opens the weights.
    func write(to folder: TemporaryFolder, subfolder: String? = nil) throws -> Checkpoint {
        let prefix = subfolder.map { $0 + "/" } ?? ""
        var fields = fields
        fields["moe"] = Self.object(moe)
        fields["vision_config"] = vision.map(Self.object)
        try folder.write(prefix + "config.json", Self.object(fields))
        if let generation { try folder.write(prefix + "generation_config.json", generation) }
        var writer = SafetensorsWriter()
        for (name, shape) in tensors.sorted(by: { $0.key < $1.key }) {
            writer.add(name, shape: shape, floats: Array(repeating: 0.5, count: shape.reduce(1, *)))
        }
        try writer.write(to: folder.path(prefix + "model.safetensors"))
        return try Checkpoint(folder: subfolder.map(folder.path) ?? folder.path)
    }

    /// Writes the files and reads the configuration.
    func configuration(in folder: TemporaryFolder) throws -> ModelConfiguration {
        try ModelConfiguration(of: write(to: folder))
    }

    private static func object(_ fields: [String: String]) -> String {
        "{" + fields.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}"
    }
}
