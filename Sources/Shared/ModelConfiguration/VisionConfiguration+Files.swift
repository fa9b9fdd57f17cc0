internal import Foundation

extension VisionConfiguration {
    private typealias Limits = ModelConfiguration.Limits

    /// Reads the tower's sizes: from `vision_config` in the checkpoint's `config.json`, else from the folder that
    /// `mm_image_tower` names, else those of ViT-L/14 at 336 pixels.
    init(fields: ConfigurationFields, folder: String) throws(CheckpointError) {
        if let own = try fields.fields("vision_config") {
            try self.init(own, source: .checkpoint)
            return
        }
        let name = try fields.string("mm_image_tower") ?? ""
        for candidate in Self.candidates(name, folder: folder) {
            guard let object = try ConfigurationFile.object(at: candidate + "/config.json") else { continue }
            let tower = ConfigurationFields(object, file: candidate + "/config.json")
            // A whole CLIP keeps its two towers apart, a tower saved alone does not.
            try self.init(try tower.fields("vision_config") ?? tower, source: .towerFolder(candidate))
            return
        }
        self = .clipLarge336
    }

    /// Folders that may hold the tower's `config.json`.
    ///
    /// Published checkpoints hold the path of their author's machine; the last part of it, within the checkpoint or
    /// beside it, is where people put the folder.
    private static func candidates(_ name: String, folder: String) -> [String] {
        guard !name.isEmpty, !name.contains("\0") else { return [] }
        let checkpoint = URL(filePath: folder, directoryHint: .isDirectory).standardizedFileURL
        let parent = checkpoint.deletingLastPathComponent()
        let last = URL(filePath: name).lastPathComponent
        var result: [String] = []
        for (base, path) in [(checkpoint, name), (parent, name), (checkpoint, last), (parent, last)] {
            let url = path.hasPrefix("/") ? URL(filePath: path) : base.appending(path: path)
            let found = url.standardizedFileURL.path
            // The checkpoint's own file is no tower's, and a name like `..` would lead there.
            if found != checkpoint.path, found != parent.path, !result.contains(found) { result.append(found) }
        }
        return result
    }

    private init(_ fields: ConfigurationFields, source: Source) throws(CheckpointError) {
        hiddenSize = try fields.requiredInteger("hidden_size", in: Limits.hiddenSize)
        intermediateSize = try fields.requiredInteger("intermediate_size", in: Limits.intermediateSize)
        layerCount = try fields.requiredInteger("num_hidden_layers", in: Limits.layers)
        headCount = try fields.requiredInteger("num_attention_heads", in: Limits.heads)
        imageSize = try fields.requiredInteger("image_size", in: Limits.imageSize)
        patchSize = try fields.requiredInteger("patch_size", in: Limits.imageSize)
        layerNormEpsilon = Float(try fields.number("layer_norm_eps", in: Limits.epsilon) ?? 1e-5)
        self.source = source
        try fields.demand("num_channels", .integer(3))
        try fields.demand("hidden_act", .string(Activation.quickGELU.rawValue))
        activation = .quickGELU
        guard hiddenSize % headCount == 0 else {
            throw fields.problem(
                "num_attention_heads",
                "\(headCount) heads do not divide a hidden size of \(hiddenSize)"
            )
        }
        guard imageSize % patchSize == 0 else {
            throw fields.problem("patch_size", "\(patchSize) pixels do not divide an image size of \(imageSize)")
        }
    }
}
