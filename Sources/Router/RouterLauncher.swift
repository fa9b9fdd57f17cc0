internal import Foundation
package import Imaging
package import Kernels
internal import Logging
package import Model
package import Shared

/// Loads a checkpoint for a router: the parts that compute here, and what nodes have to serve.
package struct RouterLauncher: Sendable {
    /// The checkpoint.
    package let weights: ModelWeights
    /// Everything but the experts.
    package let model: MedMoEModel
    /// How pictures are prepared.
    package let preprocessing: ImagePreprocessing
    /// The measured domains.
    package let domains: DomainTable
    /// The name that the folder suggests for the model.
    package let suggestedName: String

    /// Reads a checkpoint folder; a `pattern` replaces the one of the tokenizer's files, `dtype` is what its linear layers
    /// compute with, if not what the checkpoint is stored for.
    ///
    /// - Throws: `CheckpointError`, `TokenizerError` or `ImagePreprocessingError`, each with a sentence for people.
    package init(folder: String, pattern: TokenizerPattern? = nil, dtype: ComputeDType? = nil) throws {
        weights = try ModelWeights(folder: folder, dtype: dtype)
        // Nodes read the experts' tensors, but a checkpoint that lacks one is refused here, before anybody waits.
        if let error = ModelInventory(weights.configuration).check(weights.checkpoint).error { throw error }
        model = try MedMoEModel(weights: weights, pattern: pattern)
        let url = URL(filePath: folder)
        let padded = weights.configuration.imageAspectRatio == .pad
        let file = url.appending(path: "preprocessor_config.json")
        var beside: URL?
        if case .towerFolder(let path) = weights.configuration.vision.source {
            beside = URL(filePath: path).appending(path: file.lastPathComponent)
        }
        if let data = (try? Data(contentsOf: file)) ?? beside.flatMap({ try? Data(contentsOf: $0) }) {
            preprocessing = try ImagePreprocessing(json: Array(data), padToSquare: padded)
        } else {
            preprocessing = ImagePreprocessing(size: model.tower.imageSize, padToSquare: padded)
        }
        guard preprocessing.cropSize == model.tower.imageSize else {
            throw CheckpointError(
                .invalidConfiguration,
                "preprocessor_config.json makes pictures of \(preprocessing.cropSize) pixels a side; the vision tower "
                    + "takes \(model.tower.imageSize). Mend the file.",
            )
        }
        domains = DomainTable(folder: folder)
        suggestedName = Self.suggestedName(of: folder)
    }

    /// The name that a checkpoint folder suggests for its model: the folder's own.
    package static func suggestedName(of folder: String) -> String {
        URL(filePath: folder).standardizedFileURL.lastPathComponent
    }

    /// All experts of the model, loaded into this process and seen to compute.
    package func loadExperts() throws(CheckpointError) -> ExpertBank {
        let bank = try ExpertBank(loading: weights.configuration.moe.experts, from: weights)
        try bank.prove(on: ThreadPool(threads: 1))
        return bank
    }

    /// The meta experts alone, loaded into this process and seen to compute.
    package func loadMetaExperts() throws(CheckpointError) -> ExpertBank {
        let metas = weights.configuration.moe.experts.filter { $0.slot == .meta }
        let bank = try ExpertBank(loading: metas, from: weights)
        try bank.prove(on: ThreadPool(threads: 1))
        return bank
    }

    /// What nodes have to serve: each expert with the hash of its weights in this checkpoint.
    package func makeExpectation() throws(CheckpointError) -> ModelExpectation {
        var hashes: [ExpertID: WeightsHash] = [:]
        for expert in weights.configuration.moe.experts { hashes[expert] = try weights.promisedHash(of: expert) }
        return ModelExpectation(
            layoutHash: weights.layoutHash,
            hiddenSize: weights.configuration.hiddenSize,
            experts: hashes,
            numerics: weights.dtype.numerics,
        )
    }
}
