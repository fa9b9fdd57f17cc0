/// `model.safetensors.index.json`: which file of a folder holds which tensor.
struct ShardIndex {
    /// The index's name in the published layout.
    static let fileName = "model.safetensors.index.json"
    /// Shards that one index may name.
    static let shardLimit = 4096

    /// Whether a word names a file in a folder itself: lists come with the weights and must not lead out of theirs.
    static func isPlainName(_ file: String) -> Bool {
        !file.isEmpty && !file.contains("/") && !file.contains("\0") && file != "." && file != ".."
    }

    /// The shards in order of name.
    let files: [String]
    /// The file of each tensor.
    let fileOfTensor: [String: String]

    /// Reads the index of a folder; nil when it has none.
    ///
    /// - Throws: `unreadableFile`, `invalidJSON` or `invalidIndex`.
    init?(folder: String) throws(CheckpointError) {
        guard let object = try ConfigurationFile.object(at: folder + "/" + Self.fileName) else { return nil }
        guard case .object(let map)? = object["weight_map"], !map.members.isEmpty else {
            throw CheckpointError(
                .invalidIndex,
                file: Self.fileName,
                "expected a weight_map of tensor names and files, found none"
            )
        }
        var fileOfTensor: [String: String] = [:]
        for (name, value) in map.members {
            guard case .string(let file) = value, Self.isPlainName(file) else {
                throw CheckpointError(
                    .invalidIndex,
                    file: Self.fileName,
                    tensor: CheckpointError.quotable(name),
                    "expected the name of a file in the same folder"
                )
            }
            fileOfTensor[name] = file
        }
        files = Set(fileOfTensor.values).sorted()
        self.fileOfTensor = fileOfTensor
        guard files.count <= Self.shardLimit else {
            throw CheckpointError(
                .invalidIndex,
                file: Self.fileName,
                "expected at most \(Self.shardLimit) files, found \(files.count)"
            )
        }
    }
}
