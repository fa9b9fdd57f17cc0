package import Kernels
package import Shared

/// A Med-MoE model without its feed-forward experts: tokenizer, vision tower, projector, decoder, gates, head.
package final class MedMoEModel: Sendable {
    /// Words to ids and back.
    package let tokenizer: ByteLevelBPE
    /// How a conversation is written for it.
    package let template: ConversationTemplate
    /// Pictures to patch features.
    package let tower: VisionTower
    /// Patch features to image embeddings.
    package let projector: Projector
    /// The decoder.
    package let language: LanguageModel
    /// Ids that end an answer.
    package let endTokenIDs: Set<Int>
    /// The hash of the model's layout.
    package let layoutHash: WeightsHash

    /// Reads everything but the experts from a checkpoint; a `pattern` replaces the one of the tokenizer's files.
    ///
    /// - Throws: `CheckpointError` or `TokenizerError`, each with a sentence for people.
    package init(weights: ModelWeights, pattern: TokenizerPattern? = nil) throws {
        tokenizer = try ByteLevelBPE(folder: weights.folder, pattern: pattern)
        template = .of(weights.configuration.form)
        tower = try weights.visionTower()
        projector = try weights.projector()
        language = try weights.languageModel(vocabularySize: tokenizer.vocabularySize)
        layoutHash = weights.layoutHash
        var ends = Set(weights.configuration.eosTokenIDs)
        if ends.isEmpty, let end = tokenizer.eosTokenID { ends = [end] }
        endTokenIDs = ends
    }

    /// The rows of a prompt, `(positions, hiddenSize)`: embeddings of its tokens, pictures in place of the sentinels.
    ///
    /// There has to be one picture, `(3, side, side)` normalised pixels, for each sentinel.
    package func embedPrompt(_ ids: [Int], images: [[Float]], on pool: ThreadPool) -> Tensor {
        let patches = tower.patchCount
        let pictures = ids.count { $0 == PromptTokenizer.imageSentinel }
        precondition(pictures == images.count, "\(images.count) images for \(pictures) places")
        var rows = Tensor(uninitialized: TensorShape(ids.count + pictures * (patches - 1), language.hiddenSize))
        let words = language.embed(ids.map { $0 == PromptTokenizer.imageSentinel ? 0 : $0 })
        var position = 0
        var picture = 0
        for (index, id) in ids.enumerated() {
            if id == PromptTokenizer.imageSentinel {
                let pixels = images[picture]
                let embedded = projector(tower(pixels.span, on: pool), on: pool)
                rows.copyRows(from: embedded, first: 0, count: patches, to: position)
                position += patches
                picture += 1
            } else {
                rows.copyRows(from: words, first: index, count: 1, to: position)
                position += 1
            }
        }
        return rows
    }
}
