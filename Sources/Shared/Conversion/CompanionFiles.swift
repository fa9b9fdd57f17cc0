internal import Foundation

/// The files of a checkpoint beside its weights, for a copy that stands on its own.
struct CompanionFiles {
    private let checkpoint: Checkpoint
    private let configuration: ModelConfiguration
    private let dtype: TensorDType?

    /// No companion may be larger, in bytes; what is larger is not one.
    private static let byteLimit = 64 << 20

    init(of checkpoint: Checkpoint, _ configuration: ModelConfiguration, dtype: TensorDType?) {
        self.checkpoint = checkpoint
        self.configuration = configuration
        self.dtype = dtype
    }

    /// Writes `config.json`, with the tower's sizes in it and the new kind of numbers, and copies the others.
    ///
    /// An expert node needs the configuration only: the tokenizer and all else go along when `withTokenizer` says so.
    func write(to folder: String, withTokenizer: Bool) throws(CheckpointError) {
        try writeConfiguration(to: folder)
        guard withTokenizer else { return }
        var sources: [String: String] = [:]
        if case .towerFolder(let tower) = configuration.vision.source {
            sources["preprocessor_config.json"] = tower + "/preprocessor_config.json"
        }
        for name in Self.names where FileManager.default.fileExists(atPath: checkpoint.folder + "/" + name) {
            sources[name] = checkpoint.folder + "/" + name
        }
        for (name, path) in sources.sorted(by: { $0.key < $1.key }) {
            let target = URL(filePath: path).resolvingSymlinksInPath()
            guard let values = try? target.resourceValues(forKeys: [.isRegularFileKey, .fileSizeKey]),
                values.isRegularFile == true, values.fileSize ?? 0 <= Self.byteLimit
            else { continue }
            do {
                try FileManager.default.copyItem(atPath: target.path, toPath: folder + "/" + name)
            } catch {
                throw CheckpointConversion.refusal("copying this file failed; check the free space", name)
            }
        }
    }

    /// What is copied: a list, not whatever is there, since folders from outside may hold links to anywhere.
    private static let names = [
        "generation_config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.json",
        "merges.txt", "added_tokens.json", "special_tokens_map.json", "chat_template.json", "chat_template.jinja",
        "domains.json", "MODEL_CARD.md", "README.md", "LICENSE", "LICENSE.md", "LICENSE.txt", "NOTICE",
    ]

    private func writeConfiguration(to folder: String) throws(CheckpointError) {
        guard let object = try ConfigurationFile.object(at: checkpoint.folder + "/config.json") else { return }
        var members = object.members.map { ($0.name, $0.value) }
        func set(_ name: String, _ value: JSONValue) {
            if let place = members.firstIndex(where: { $0.0 == name }) {
                members[place].1 = value
            } else {
                members.append((name, value))
            }
        }
        if case .towerFolder(let tower) = configuration.vision.source,
            let own = try ConfigurationFile.object(at: tower + "/config.json")
        {
            set("vision_config", own["vision_config"] ?? .object(own))
        }
        switch dtype {
        case .f16: set("torch_dtype", .string("float16"))
        case .bf16: set("torch_dtype", .string("bfloat16"))
        case .f32: set("torch_dtype", .string("float32"))
        // Loaders that know nothing of scales refuse a method that they do not know, instead of taking bytes for numbers.
        case .i8: set("quantization_config", .object(JSONObject([("quant_method", .string("medmoe-int8"))])))
        default: break
        }
        try CheckpointConversion.write(JSONText.document(.object(JSONObject(members))), to: folder, "config.json")
    }
}
