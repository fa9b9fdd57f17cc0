import Foundation
import Shared
import Testing

/// A change to the tiny checkpoint and what must be said about it.
struct BadConfiguration: CustomTestStringConvertible, Sendable {
    let name: String
    let code: CheckpointError.Code
    /// A part of the error's text.
    let words: String
    let change: @Sendable (inout TinyCheckpoint) -> Void

    init(
        _ name: String,
        code: CheckpointError.Code = .invalidConfiguration,
        _ words: String,
        _ change: @escaping @Sendable (inout TinyCheckpoint) -> Void,
    ) {
        self.name = name
        self.code = code
        self.words = words
        self.change = change
    }

    /// One field of `config.json` has another value.
    init(_ field: String, _ value: String?, code: CheckpointError.Code = .invalidConfiguration, _ words: String) {
        self.init("\(field) = \(value ?? "absent")", code: code, words) { $0.fields[field] = value }
    }

    /// One field of the section `moe` has another value.
    init(moe field: String, _ value: String?, code: CheckpointError.Code = .invalidConfiguration, _ words: String) {
        self.init("moe.\(field) = \(value ?? "absent")", code: code, words) { $0.moe[field] = value }
    }

    /// One field of the section `vision_config` has another value.
    init(vision field: String, _ value: String?, code: CheckpointError.Code = .invalidConfiguration, _ words: String) {
        self.init("vision_config.\(field) = \(value ?? "absent")", code: code, words) { $0.vision?[field] = value }
    }

    var testDescription: String { name }
}

@Suite struct ModelConfigurationTests {
    @Test("The small model's configuration is read in full")
    func nano() throws {
        let configuration = try ModelConfiguration(of: Checkpoint(folder: TestModels.nano))
        #expect(configuration.form == .stableLM)
        #expect(configuration.hiddenSize == 192)
        #expect(configuration.intermediateSize == 384)
        #expect(configuration.layerCount == 6)
        #expect(configuration.headCount == 6)
        #expect(configuration.keyValueHeadCount == 6)
        #expect(configuration.headSize == 32)
        #expect(configuration.normEpsilon == 1e-5)
        #expect(configuration.rotaryDimensions == 8)
        #expect(configuration.ropeTheta == 10_000)
        #expect(configuration.maximumPositions == 512)
        #expect(configuration.vocabularySize == 1498)
        #expect(configuration.eosTokenIDs == [0])
        #expect(configuration.useQKVBias)
        #expect(configuration.imageAspectRatio == .square)
        #expect(configuration.visionSelectLayer == -2)
        #expect(configuration.visionLayersUsed == 5)
        #expect(
            configuration.moe
                == MoEConfiguration(
                    mode: .sparse,
                    layers: [0, 2, 4],
                    expertCounts: [5, 5, 5],
                    topK: 1,
                    hasMetaExpert: true
                )
        )
        #expect(configuration.vision.hiddenSize == 192)
        #expect(configuration.vision.intermediateSize == 768)
        #expect(configuration.vision.layerCount == 6)
        #expect(configuration.vision.headCount == 4)
        #expect(configuration.vision.imageSize == 112)
        #expect(configuration.vision.patchCount == 64)
        #expect(configuration.vision.source == .checkpoint)
    }

    @Test(
        "A published layout with its tower's folder beside it",
        .enabled(if: TestModels.golden("stablelm-tiny") != nil)
    )
    func goldenStableLM() throws {
        let folder = try #require(TestModels.golden("stablelm-tiny"))
        let configuration = try ModelConfiguration(of: Checkpoint(folder: folder))
        #expect(configuration.hiddenSize == 128)
        #expect(configuration.intermediateSize == 352)
        #expect(configuration.rotaryDimensions == 8)
        #expect(configuration.vocabularySize == 100_352)
        #expect(configuration.eosTokenIDs == [100_257])
        #expect(configuration.imageAspectRatio == .pad)
        #expect(configuration.moe.layers == [0, 2])
        #expect(configuration.moe.expertCounts == [4, 4])
        #expect(configuration.moe.hasMetaExpert && configuration.moe.gateHasBias)
        #expect(configuration.vision.imageSize == 84)
        #expect(configuration.vision.hiddenSize == 64)
        #expect(configuration.vision.layerCount == 4)
        guard case .towerFolder(let tower) = configuration.vision.source else {
            Issue.record("the tower's sizes came from \(configuration.vision.source)")
            return
        }
        #expect(tower.hasSuffix("/golden/clip-84"))
    }

    @Test("The Phi form is read from its files", .enabled(if: TestModels.golden("phi-tiny") != nil))
    func goldenPhi() throws {
        let checkpoint = try Checkpoint(folder: #require(TestModels.golden("phi-tiny")))
        let configuration = try ModelConfiguration(of: checkpoint)
        #expect(configuration.form == .phi)
        #expect(configuration.headSize == 80 && configuration.rotaryDimensions == 32)
        #expect(configuration.useQKVBias)
        #expect(configuration.eosTokenIDs == [50_256], "the end token is in generation_config.json alone")
        #expect(configuration.moe.hasMetaExpert && configuration.moe.gateHasBias)
        let report = ModelInventory(configuration).check(checkpoint)
        #expect(report.isLoadable && report.surplus.isEmpty)
    }

    @Test("The form is told by names of tensors, in mixture layers and dense ones")
    func forms() throws {
        let stable = ["model.layers.0.self_attn.o_proj.weight", "model.layers.0.mlp.meta_moe.gate_proj.weight"]
        let phi = ["model.layers.0.self_attn.dense.weight", "model.layers.1.mlp.fc1.weight"]
        // The tower of every form has linear layers named like Phi's.
        let tower = ["model.image_tower.image_tower.vision_model.encoder.layers.0.mlp.fc1.weight"]
        #expect(try ModelForm.recognise(stable + tower) == .stableLM)
        #expect(try ModelForm.recognise(phi + tower) == .phi)
        for names in [tower, stable + phi, [stable[0]], [stable[0], phi[1]], []] {
            let error = #expect(throws: CheckpointError.self) { try ModelForm.recognise(names) }
            #expect(error?.code == .unsupported, "\(names)")
        }
    }

    @Test("Either spelling of a field is taken")
    func spellings() throws {
        var tiny = TinyCheckpoint()
        for (old, new) in [
            ("norm_eps", "layer_norm_eps"), ("rope_pct", "partial_rotary_factor"), ("num_attention_heads", "num_heads"),
        ] {
            tiny.fields[new] = tiny.fields.removeValue(forKey: old)
        }
        tiny.fields["norm_eps"] = "1e-5"
        tiny.fields["layer_norm_eps"] = "0.00001"
        let configuration = try tiny.configuration(in: TemporaryFolder())
        #expect(configuration.headCount == 2)
        #expect(configuration.rotaryDimensions == 2)
        #expect(configuration.normEpsilon == 1e-5)
    }

    @Test(
        "Ids that end an answer come from generation_config.json first, one or several",
        arguments: [
            (#"{"eos_token_id": 7}"#, [7]), (#"{"eos_token_id": [7, 9]}"#, [7, 9]), (#"{"eos_token_id": null}"#, [3]),
            (#"{}"#, [3]), (#"{"eos_token_id": []}"#, [3]), (nil, [3]),
        ] as [(String?, [Int])]
    )
    func eos(_ generation: String?, _ ids: [Int]) throws {
        var tiny = TinyCheckpoint()
        tiny.generation = generation
        #expect(try tiny.configuration(in: TemporaryFolder()).eosTokenIDs == ids)
    }

    @Test("Without any id that ends an answer the list is empty")
    func noEOS() throws {
        var tiny = TinyCheckpoint()
        tiny.fields["eos_token_id"] = "null"
        #expect(try tiny.configuration(in: TemporaryFolder()).eosTokenIDs == [])
    }

    @Test("The rows of the vocabulary are the tensor's, whatever the file says")
    func vocabulary() throws {
        #expect(try TinyCheckpoint().configuration(in: TemporaryFolder()).vocabularySize == 11)
    }

    @Test("The older form without meta expert, gate bias and projection bias is told by its tensors")
    func olderForm() throws {
        var tiny = TinyCheckpoint()
        tiny.tensors = tiny.tensors.filter { name, _ in
            !name.contains("meta_moe") && !name.hasSuffix("wg.bias") && !name.hasSuffix("_proj.bias")
        }
        let configuration = try tiny.configuration(in: TemporaryFolder())
        #expect(!configuration.moe.hasMetaExpert)
        #expect(!configuration.moe.gateHasBias)
        #expect(!configuration.useQKVBias)
        #expect(configuration.moe.experts.map(\.description) == ["0.0", "0.1"])
    }

    @Test(
        "Mixture layers follow from the mode where there is no list",
        arguments: [
            ("sparse", [0, 2, 4]), ("dense", [0, 1, 2, 3, 4]), ("first_half", [0, 1]), ("second_half", [2, 3, 4]),
        ]
    )
    func modes(_ mode: String, _ layers: [Int]) throws {
        var tiny = TinyCheckpoint()
        tiny.fields["num_hidden_layers"] = "5"
        tiny.moe["moe_layers_idx"] = "null"
        tiny.moe["moe_mode"] = "\"\(mode)\""
        tiny.moe["num_experts"] = "[3]"
        let moe = try tiny.configuration(in: TemporaryFolder()).moe
        #expect(moe.mode.rawValue == mode)
        #expect(moe.layers == layers)
        #expect(moe.expertCounts == layers.map { _ in 3 })
    }

    @Test(
        "The tower's sizes are found in its folder, in the checkpoint or beside it, under the author's path too",
        arguments: [
            ("./clip", "model/clip"), ("clip", "clip"), ("/home/author/weights/clip", "clip"),
            ("/home/author/weights/clip/", "model/clip"), ("openai/clip", "model/openai/clip"),
        ]
    )
    func towerFolders(_ name: String, _ place: String) throws {
        // A whole CLIP keeps its two towers apart, a tower saved alone does not.
        for whole in [true, false] { try findTower(name, place, whole: whole) }
    }

    private func findTower(_ name: String, _ place: String, whole: Bool) throws {
        let folder = try TemporaryFolder()
        let sizes = """
            {"hidden_size": 4, "intermediate_size": 6, "num_hidden_layers": 3, "num_attention_heads": 2,
            "image_size": 6, "patch_size": 2}
            """
        try folder.write(place + "/config.json", whole ? "{\"vision_config\": \(sizes)}" : sizes)
        var tiny = TinyCheckpoint()
        tiny.vision = nil
        tiny.fields["mm_image_tower"] = "\"\(name)\""
        let configuration = try ModelConfiguration(of: tiny.write(to: folder, subfolder: "model"))
        #expect(configuration.vision.imageSize == 6)
        #expect(configuration.visionLayersUsed == 2)
        #expect(configuration.vision.source == .towerFolder(folder.path(place)))
    }

    @Test(
        "Where nobody says what the tower is like, it is the one of published checkpoints",
        arguments: [nil, "..", "."]
    )
    func assumedTower(_ name: String?) throws {
        var tiny = TinyCheckpoint()
        tiny.vision = nil
        tiny.fields["mm_hidden_size"] = "1024"
        tiny.fields["mm_image_tower"] = name.map { "\"\($0)\"" }
        let configuration = try tiny.configuration(in: TemporaryFolder())
        #expect(configuration.vision == .clipLarge336)
        #expect(configuration.vision.patchCount == 576)
        #expect(configuration.visionLayersUsed == 23)
    }

    static let bad: [BadConfiguration] = [
        BadConfiguration("hidden_size", nil, "field hidden_size: expected a whole number, found none"),
        BadConfiguration("hidden_size", "0", "expected 1 to 65536, found 0"),
        BadConfiguration("hidden_size", "-8", "found -8"),
        BadConfiguration("hidden_size", "65537", "found 65537"),
        BadConfiguration("hidden_size", "8.5", "expected a whole number"),
        BadConfiguration("hidden_size", "\"8\"", "expected a whole number, found a string"),
        BadConfiguration("hidden_size", "true", "expected a whole number, found true"),
        BadConfiguration("hidden_size", "16", code: .wrongShape, "expected the shape (tokens, 16), found (11, 8)"),
        BadConfiguration("intermediate_size", "99999999999", "found 99999999999"),
        BadConfiguration("num_hidden_layers", "1025", "expected 1 to 1024"),
        BadConfiguration("num_attention_heads", "3", "3 heads do not divide a hidden size of 8"),
        BadConfiguration("num_attention_heads", nil, "num_attention_heads: expected a whole number, found none"),
        BadConfiguration("num_heads", "4", "contradicts num_attention_heads"),
        BadConfiguration("num_key_value_heads", "1", code: .unsupported, "grouped heads are not yet supported"),
        BadConfiguration("norm_eps", "0", "norm_eps"),
        BadConfiguration("layer_norm_eps", "1e-6", "contradicts norm_eps"),
        BadConfiguration("rope_pct", "1.5", "expected 0.0 to 1.0"),
        BadConfiguration("rope_pct", "0.8", "an even number of a head's 4 numbers"),
        BadConfiguration("rope_pct", "0", "at least two; found 0"),
        BadConfiguration("rope_theta", "0", "rope_theta"),
        BadConfiguration("rope_scaling", "{}", code: .unsupported, "only null is supported"),
        BadConfiguration("max_position_embeddings", "0", "max_position_embeddings"),
        BadConfiguration("eos_token_id", "-1", "found -1"),
        BadConfiguration("eos_token_id", "[1, \"2\"]", "expected a whole number or a list"),
        BadConfiguration("use_qkv_bias", "false", "says false, but the checkpoint has"),
        BadConfiguration("hidden_act", "\"gelu\"", code: .unsupported, "only \"silu\" is supported, found \"gelu\""),
        BadConfiguration("tie_word_embeddings", "true", code: .unsupported, "only false is supported, found true"),
        BadConfiguration("rotary_scaling_factor", "2", code: .unsupported, "rotary_scaling_factor"),
        BadConfiguration("qk_layernorm", "true", code: .unsupported, "qk_layernorm"),
        BadConfiguration("use_parallel_residual", "true", code: .unsupported, "use_parallel_residual"),
        BadConfiguration("image_projector_type", "\"linear\"", code: .unsupported, "only \"mlp2x_gelu\" is supported"),
        BadConfiguration(
            "image_aspect_ratio",
            "\"anyres\"",
            code: .unsupported,
            "expected one of square, pad, found anyres"
        ),
        BadConfiguration("mm_vision_select_feature", "\"cls_patch\"", code: .unsupported, "only \"patch\""),
        BadConfiguration("mm_use_im_start_end", "true", code: .unsupported, "mm_use_im_start_end"),
        BadConfiguration("mm_use_im_patch_token", "true", code: .unsupported, "mm_use_im_patch_token"),
        BadConfiguration("mm_vision_select_layer", "3", "expected -3 to 2, found 3"),
        BadConfiguration("mm_hidden_size", "5", "hidden states have 4 numbers, found 5"),
        BadConfiguration(moe: "moe_enable", "false", code: .unsupported, "a dense checkpoint is not served"),
        BadConfiguration(moe: "use_residual", "true", code: .unsupported, "use_residual"),
        BadConfiguration(moe: "moe_layers_idx", "[2]", "field moe.moe_layers_idx: expected 0 to 1, found 2"),
        BadConfiguration(moe: "moe_layers_idx", "[-1]", "found -1"),
        BadConfiguration(moe: "moe_layers_idx", "[0, 0]", "each once"),
        BadConfiguration(moe: "moe_layers_idx", "[1, 0]", "ascending"),
        BadConfiguration(moe: "moe_layers_idx", "[]", "at least one"),
        BadConfiguration(moe: "moe_mode", "\"every_third\"", "found every_third"),
        BadConfiguration(moe: "num_experts", nil, "expected a number of experts"),
        BadConfiguration(moe: "num_experts", "[0]", "expected 1 to 1024, found 0"),
        BadConfiguration(moe: "num_experts", "[1025]", "found 1025"),
        BadConfiguration(moe: "num_experts", "[2, 2]", "expected one number or 1, one a mixture layer; found 2"),
        BadConfiguration(moe: "top_k_experts", nil, "top_k_experts: expected a whole number, found none"),
        BadConfiguration(moe: "top_k_experts", "0", "expected 1 to 2"),
        BadConfiguration(moe: "top_k_experts", "3", "expected 1 to 2"),
        BadConfiguration("more than one expert of one", "at most the 1 experts of a layer, found 2") {
            $0.moe["num_experts"] = "[1]"
            $0.moe["top_k_experts"] = "2"
        },
        BadConfiguration("more experts than a machine has room for", "experts in all") {
            $0.fields["num_hidden_layers"] = "1024"
            $0.moe["moe_layers_idx"] = nil
            $0.moe["moe_mode"] = "\"dense\""
            $0.moe["num_experts"] = "1024"
        },
        BadConfiguration("no mode and no list", "expected the mixture layers, found none") {
            $0.moe["moe_mode"] = nil
            $0.moe["moe_layers_idx"] = nil
        },
        BadConfiguration(vision: "hidden_size", nil, "field vision_config.hidden_size"),
        BadConfiguration(vision: "num_attention_heads", "3", "3 heads do not divide"),
        BadConfiguration(vision: "patch_size", "3", "3 pixels do not divide an image size of 4"),
        BadConfiguration(vision: "image_size", "100000", "expected 1 to 4096"),
        BadConfiguration(vision: "num_channels", "1", code: .unsupported, "only the number 3 is supported"),
        BadConfiguration(vision: "hidden_act", "\"gelu\"", code: .unsupported, "only \"quick_gelu\" is supported"),
        BadConfiguration("no embedding table", code: .missingTensor, "expected the embedding table") {
            $0.tensors["model.embed_tokens.weight"] = nil
        },
        BadConfiguration("tensors of no known form", code: .unsupported, "expected tensors named like StableLM") {
            $0.tensors = ["model.embed_tokens.weight": [11, 8]]
        },
    ]

    @Test("A configuration that cannot be right is refused with field and numbers", arguments: bad)
    func refuses(_ bad: BadConfiguration) throws {
        var tiny = TinyCheckpoint()
        bad.change(&tiny)
        let error = #expect(throws: CheckpointError.self) { try tiny.configuration(in: TemporaryFolder()) }
        #expect(error?.code == bad.code)
        #expect(error?.description.contains(bad.words) == true, "\(error?.description ?? "")")
    }

    @Test("config.json must be there and hold an object", arguments: [nil, "[]", "{", "{\"moe\": 1, \"moe\": 2}"])
    func brokenFile(_ text: String?) throws {
        let folder = try TemporaryFolder()
        let checkpoint = try TinyCheckpoint().write(to: folder)
        if let text {
            try folder.write("config.json", text)
        } else {
            try FileManager.default.removeItem(atPath: folder.path("config.json"))
        }
        let error = #expect(throws: CheckpointError.self) { try ModelConfiguration(of: checkpoint) }
        #expect(error?.code == (text == nil ? .missingFile : .invalidJSON))
        #expect(error?.file == "config.json")
    }
}
