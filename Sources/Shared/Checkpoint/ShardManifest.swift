internal import Foundation

/// `medmoe-manifest.json`: what a checkpoint cut into one file for each expert holds, whichever of its files are here.
///
/// It lists every tensor and the hash of every expert's weights, so that a folder with some of the files is a part of
/// the model that knows the whole: a node starts from its experts' files, a router from its own.
package struct ShardManifest: Equatable, Sendable {
    /// The manifest's name in a folder.
    package static let fileName = "medmoe-manifest.json"
    /// The version that is read and written.
    static let version = 1
    /// Bytes that all tensors may have.
    static let byteLimit = 1 << 50

    /// Where a tensor is and what it is.
    package struct Tensor: Equatable, Sendable {
        /// The file that holds it, without a folder.
        package let file: String
        /// The kind of its numbers.
        package let dtype: TensorDType
        /// Its extents, outermost first.
        package let shape: [Int]

        /// Describes a tensor.
        package init(file: String, dtype: TensorDType, shape: [Int]) {
            self.file = file
            self.dtype = dtype
            self.shape = shape
        }
    }

    /// The hash of the model's layout.
    package let layoutHash: WeightsHash
    /// Every tensor by name.
    package let tensors: [String: Tensor]
    /// The hash of each expert's weights.
    package let experts: [ExpertID: WeightsHash]
    /// For each kind of numerics that was tried, the checksum of each expert's outputs for the canary's rows.
    package var canary: [String: [ExpertID: UInt32]]

    /// Describes a checkpoint.
    package init(
        layoutHash: WeightsHash,
        tensors: [String: Tensor],
        experts: [ExpertID: WeightsHash],
        canary: [String: [ExpertID: UInt32]] = [:],
    ) {
        self.layoutHash = layoutHash
        self.tensors = tensors
        self.experts = experts
        self.canary = canary
    }

    /// The files, in order of name.
    package var files: [String] { Set(tensors.values.map(\.file)).sorted() }

    /// The file that holds an expert, in the form in which checkpoints are cut.
    package static func fileName(of expert: ExpertID) -> String { "expert-\(expert).safetensors" }
    /// The file that holds everything but the experts.
    package static let routerFileName = "router.safetensors"
}

extension ShardManifest {
    /// Whether a folder has a manifest.
    package static func isIn(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: folder + "/" + fileName)
    }

    /// The manifest as a JSON document.
    package var document: String {
        let tensors = tensors.sorted { $0.key < $1.key }.map { name, tensor in
            (
                name,
                JSONValue.object(
                    JSONObject([
                        ("file", .string(tensor.file)), ("dtype", .string(tensor.dtype.rawValue)),
                        ("shape", .array(tensor.shape.map { .integer($0) })),
                    ])
                )
            )
        }
        let experts = experts.sorted { $0.key < $1.key }
            .map { ($0.key.description, JSONValue.string($0.value.description)) }
        var members: [(String, JSONValue)] = [
            ("version", .integer(Self.version)), ("layout_hash", .string(layoutHash.description)),
            ("experts", .object(JSONObject(experts))),
        ]
        if !canary.isEmpty { members.append(("canary", .object(canaryObject))) }
        members.append(("tensors", .object(JSONObject(tensors))))
        return JSONText.document(.object(JSONObject(members)))
    }

    /// Reads the manifest of a folder; nil when it has none.
    ///
    /// - Throws: `unreadableFile`, `invalidJSON` or `invalidIndex`.
    init?(folder: String) throws(CheckpointError) {
        guard let object = try ConfigurationFile.object(at: folder + "/" + Self.fileName) else { return nil }
        guard object["version"] == .integer(Self.version) else {
            throw Self.problem(nil, "expected version \(Self.version), found another; convert the checkpoint again")
        }
        guard case .string(let layout)? = object["layout_hash"], let hash = WeightsHash(hex: layout) else {
            throw Self.problem(nil, "expected layout_hash as 64 hexadecimal digits")
        }
        guard case .object(let listed)? = object["tensors"], case .object(let hashed)? = object["experts"] else {
            throw Self.problem(nil, "expected the objects tensors and experts")
        }
        var tensors: [String: Tensor] = [:]
        var bytes = 0
        for (name, value) in listed.members {
            let tensor = try Self.tensor(name, value)
            // A file bounds its tensors; those that are elsewhere are bounded here, before anybody adds them up.
            let size = SafetensorsStream.Item(name, tensor.dtype, tensor.shape)?.byteCount ?? .max
            let (sum, overflow) = bytes.addingReportingOverflow(size)
            guard !overflow, sum <= Self.byteLimit else {
                throw Self.problem(name, "expected tensors of at most \(Self.byteLimit) bytes in all, found more")
            }
            bytes = sum
            tensors[name] = tensor
        }
        var experts: [ExpertID: WeightsHash] = [:]
        for (name, value) in hashed.members {
            guard let id = ExpertID(name), case .string(let text) = value, let hash = WeightsHash(hex: text) else {
                throw Self.problem(name, "expected LAYER.EXPERT with 64 hexadecimal digits")
            }
            experts[id] = hash
        }
        self.init(layoutHash: hash, tensors: tensors, experts: experts, canary: try Self.canary(object["canary"]))
        guard files.count <= ShardIndex.shardLimit else {
            throw Self.problem(nil, "expected at most \(ShardIndex.shardLimit) files, found \(files.count)")
        }
    }

    private static func tensor(_ name: String, _ value: JSONValue) throws(CheckpointError) -> Tensor {
        guard case .object(let fields) = value, case .string(let file)? = fields["file"],
            ShardIndex.isPlainName(file), case .string(let word)? = fields["dtype"],
            let dtype = TensorDType(rawValue: word), let shape = fields["shape"]?.integers,
            TensorEntry.elementCount(of: shape) != nil
        else { throw problem(name, "expected file (a plain name), dtype and shape") }
        return Tensor(file: file, dtype: dtype, shape: shape)
    }

    static func problem(_ tensor: String?, _ message: String) -> CheckpointError {
        CheckpointError(.invalidIndex, file: fileName, tensor: tensor.map(CheckpointError.quotable), message)
    }
}
