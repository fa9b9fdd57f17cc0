internal import Foundation
package import Kernels

/// The weights in a checkpoint folder: `model.safetensors`, the shards that `model.safetensors.index.json` names, or
/// the files that `medmoe-manifest.json` names, of which some may be elsewhere.
///
/// Every header is read and checked at opening; a tensor's bytes come into memory when it is read, so that a process
/// that holds one expert reads one expert.
package final class Checkpoint: Sendable {
    /// The weights' name where there is one file.
    static let singleFileName = "model.safetensors"

    /// The folder as it was given.
    package let folder: String
    /// The files that hold the weights, in order of name.
    package let files: [SafetensorsFile]
    /// The names of all tensors, sorted; also of those whose file is elsewhere.
    package let names: [String]
    /// What the whole checkpoint holds, where the folder says; some of it may be elsewhere.
    package let manifest: ShardManifest?

    private let homes: [String: Int]
    private let elsewhere: [String: TensorEntry]

    /// Opens the weights in a folder.
    ///
    /// - Throws: `missingFile`, `unreadableFile`, `truncated`, `invalidHeader`, `invalidJSON` or `invalidIndex`.
    package init(folder: String) throws(CheckpointError) {
        self.folder = folder
        manifest = try ShardManifest(folder: folder)
        var homes: [String: Int] = [:]
        var elsewhere: [String: TensorEntry] = [:]
        let single = folder + "/" + Self.singleFileName
        if let manifest {
            files = try Self.open(manifest, in: folder)
            var places: [String: Int] = [:]
            for (place, file) in files.enumerated() { places[file.name] = place }
            for (name, tensor) in manifest.tensors {
                if let place = places[tensor.file] {
                    homes[name] = place
                } else if let item = SafetensorsStream.Item(name, tensor.dtype, tensor.shape) {
                    elsewhere[name] = TensorEntry(
                        name: name,
                        dtype: tensor.dtype,
                        shape: tensor.shape,
                        byteRange: 0..<item.byteCount
                    )
                }
            }
        } else if FileManager.default.fileExists(atPath: single) {
            files = [try SafetensorsFile(path: single)]
            for entry in files[0].entries { homes[entry.name] = 0 }
        } else if let index = try ShardIndex(folder: folder) {
            files = try Self.open(index, in: folder)
            var places: [String: Int] = [:]
            for (place, file) in files.enumerated() { places[file.name] = place }
            for (tensor, file) in index.fileOfTensor {
                guard let place = places[file], files[place].entry(tensor) != nil else {
                    throw CheckpointError(
                        .invalidIndex,
                        file: ShardIndex.fileName,
                        tensor: CheckpointError.quotable(tensor),
                        "expected this tensor in \(CheckpointError.quotable(file)), but the file does not hold it; "
                            + "fetch index and shards from the same revision"
                    )
                }
                homes[tensor] = place
            }
        } else {
            throw Self.nothingFound(in: folder)
        }
        self.homes = homes
        self.elsewhere = elsewhere
        names = (Array(homes.keys) + elsewhere.keys).sorted()
    }

    /// Opens those of a manifest's files that are here, and holds them against it.
    private static func open(
        _ manifest: ShardManifest,
        in folder: String,
    ) throws(CheckpointError) -> [SafetensorsFile] {
        var files: [SafetensorsFile] = []
        let tensorsOfFile = Dictionary(grouping: manifest.tensors) { $0.value.file }
        for name in manifest.files where FileManager.default.fileExists(atPath: folder + "/" + name) {
            let file = try SafetensorsFile(path: folder + "/" + name)
            let promised = tensorsOfFile[name] ?? []
            let kept = promised.count { file.entry($0.key)?.matches($0.value) == true }
            guard kept == promised.count, kept == file.entries.count else {
                throw CheckpointError(
                    .invalidIndex,
                    file: CheckpointError.quotable(name),
                    "expected the \(promised.count) tensors that \(ShardManifest.fileName) lists for this file, found "
                        + "\(kept) of them among \(file.entries.count); take both from the same conversion"
                )
            }
            files.append(file)
        }
        guard files.isEmpty else { return files }
        throw CheckpointError(
            .missingFile,
            file: folder,
            "expected some of the files that \(ShardManifest.fileName) names, found none"
        )
    }

    /// Whether a tensor's bytes are in this folder, and not only described by its manifest.
    package func isHere(_ tensor: String) -> Bool { homes[tensor] != nil }

    private static func open(_ index: ShardIndex, in folder: String) throws(CheckpointError) -> [SafetensorsFile] {
        var files: [SafetensorsFile] = []
        for name in index.files {
            do {
                files.append(try SafetensorsFile(path: folder + "/" + name))
            } catch {
                guard error.code == .missingFile else { throw error }
                let count = index.fileOfTensor.count { $0.value == name }
                throw CheckpointError(
                    .missingFile,
                    file: CheckpointError.quotable(name),
                    "\(ShardIndex.fileName) names this file for \(count) tensors, but the folder does not hold it; "
                        + "fetch it again"
                )
            }
        }
        return files
    }

    private static func nothingFound(in folder: String) -> CheckpointError {
        let manager = FileManager.default
        guard manager.fileExists(atPath: folder) else {
            return CheckpointError(.missingFile, file: folder, "expected a checkpoint folder, found nothing there")
        }
        let names = (try? manager.contentsOfDirectory(atPath: folder)) ?? []
        let hint =
            names.contains { $0.hasSuffix(".bin") || $0.hasSuffix(".pt") || $0.hasSuffix(".pth") }
            ? "; pickled weights (.bin, .pt) are not read, convert them to safetensors" : ""
        return CheckpointError(
            .missingFile,
            file: folder,
            "expected \(singleFileName) or \(ShardIndex.fileName) in the folder, found neither\(hint)"
        )
    }

    /// What the headers say about a tensor; nil when it is not in the checkpoint.
    package func entry(_ name: String) -> TensorEntry? {
        homes[name].flatMap { files[$0].entry(name) } ?? elsewhere[name]
    }

    /// The name of the file that holds a tensor; nil when it is not in the checkpoint.
    package func fileName(of tensor: String) -> String? {
        homes[tensor].map { files[$0].name } ?? manifest?.tensors[tensor]?.file
    }

    /// The numbers of a tensor as floats, row after row; those of F16, BF16 and F32 are exact.
    ///
    /// - Throws: `missingTensor`, `wrongShape`, or `wrongDType` when its numbers are of another kind.
    package func float32(_ name: String, expectedShape: [Int]) throws(CheckpointError) -> [Float] {
        try home(of: name, expectedShape).float32(name, expectedShape: expectedShape)
    }

    /// Writes the numbers of a tensor as floats into `target`, which must have room for just as many.
    ///
    /// - Throws: `missingTensor`, `wrongShape`, or `wrongDType` when its numbers are of another kind.
    package func readFloat32(
        _ name: String,
        expectedShape: [Int],
        into target: inout MutableSpan<Float>,
    ) throws(CheckpointError) {
        try home(of: name, expectedShape).readFloat32(name, expectedShape: expectedShape, into: &target)
    }

    /// A tensor as it is stored, as a matrix of its outermost extent by the product of the others; nothing is copied,
    /// and the file stays mapped as long as the matrix lives.
    ///
    /// - Throws: `missingTensor`, `wrongShape`, or `wrongDType` when its numbers are of another kind.
    package func matrix(_ name: String, expectedShape: [Int]) throws(CheckpointError) -> WeightMatrix {
        try home(of: name, expectedShape).matrix(name, expectedShape: expectedShape)
    }

    /// A weight's bytes, which take their scales to be a matrix.
    func byteRows(_ name: String, expectedShape: [Int]) throws(CheckpointError) -> ([Float]) -> ByteMatrix {
        try home(of: name, expectedShape).byteRows(name, expectedShape: expectedShape)
    }

    /// Gives the memory of a tensor's pages back to the system, after a look at what this process will not use.
    package func release(_ name: String) {
        guard let place = homes[name], let entry = files[place].entry(name) else { return }
        files[place].release(entry)
    }

    /// Lends a tensor's bytes as they are stored, little-endian and at any address.
    ///
    /// - Throws: `missingTensor`.
    package func withBytes<Result>(_ name: String, _ body: (RawSpan) -> Result) throws(CheckpointError) -> Result {
        let file = try home(of: name, nil)
        return file.withBytes(of: try file.entry(name, expectedShape: nil), body)
    }

    private func home(of name: String, _ shape: [Int]?) throws(CheckpointError) -> SafetensorsFile {
        if let place = homes[name] { return files[place] }
        if let tensor = manifest?.tensors[name] {
            throw CheckpointError(
                .missingFile,
                file: CheckpointError.quotable(tensor.file),
                tensor: CheckpointError.quotable(name),
                "this folder is a part of a checkpoint and does not hold this file; copy it here from the whole one"
            )
        }
        let wanted = shape.map { " of shape \(TensorEntry.describe($0))" } ?? ""
        throw CheckpointError(
            .missingTensor,
            file: folder,
            tensor: CheckpointError.quotable(name),
            "expected a tensor\(wanted), found none of this name among the checkpoint's \(names.count)"
        )
    }
}

extension TensorEntry {
    /// Whether this is the tensor that a manifest describes.
    fileprivate func matches(_ tensor: ShardManifest.Tensor) -> Bool {
        dtype == tensor.dtype && shape == tensor.shape
    }
}
