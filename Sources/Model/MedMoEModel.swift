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

    /// Turns the normalised pixels `(3, side, side)` of one picture into what a prompt holds in its place.
    package func encode(_ pixels: [Float], on pool: ThreadPool) -> ImageEmbedding {
        ImageEmbedding(projector(tower(pixels.span, on: pool), on: pool))
    }

    /// The rows of a prompt from position `first` on, `(positions - first, hiddenSize)`: embeddings of its tokens,
    /// pictures in place of the sentinels; `image` is asked for those that are needed, by their number.
    package func embedPrompt(_ ids: [Int], from first: Int = 0, image: (Int) -> ImageEmbedding) -> Tensor {
        let patches = tower.patchCount
        let pictures = ids.count { $0 == PromptTokenizer.imageSentinel }
        let length = ids.count + pictures * (patches - 1)
        precondition(first <= length, "position \(first) of \(length)")
        var rows = Tensor(uninitialized: TensorShape(length - first, language.hiddenSize))
        let words = language.embed(ids.map { $0 == PromptTokenizer.imageSentinel ? 0 : $0 })
        var position = 0
        var picture = 0
        for (index, id) in ids.enumerated() {
            if id == PromptTokenizer.imageSentinel {
                let skipped = min(patches, max(0, first - position))
                if skipped < patches {
                    let embedded = image(picture)
                    rows.copyRows(
                        from: embedded.rows,
                        first: skipped,
                        count: patches - skipped,
                        to: position + skipped - first
                    )
                }
                position += patches
                picture += 1
            } else {
                if position >= first { rows.copyRows(from: words, first: index, count: 1, to: position - first) }
                position += 1
            }
        }
        return rows
    }
}

/// One picture as the decoder sees it: `(patches, hiddenSize)`.
package final class ImageEmbedding: Sendable {
    /// The rows.
    package let rows: Tensor

    /// Takes the projector's output.
    package init(_ rows: consuming Tensor) { self.rows = rows }

    /// Bytes that it takes.
    package var byteCount: Int { rows.shape.count * MemoryLayout<Float>.stride }
}
