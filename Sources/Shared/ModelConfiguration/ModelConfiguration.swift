/// The sizes and switches of a model, read from its checkpoint and checked before anything is allocated by them.
package struct ModelConfiguration: Equatable, Sendable {
    /// What happens to a picture that is not square, before it is resized.
    package enum ImageAspectRatio: String, Sendable, CaseIterable {
        /// Nothing: the shorter side is fitted and the longer one cropped.
        case square
        /// It is padded to a square.
        case pad
    }

    /// The family of decoder layers, told by the tensors' names.
    package let form: ModelForm
    /// Length of a hidden state.
    package let hiddenSize: Int
    /// Width inside a feed-forward block.
    package let intermediateSize: Int
    /// Decoder layers.
    package let layerCount: Int
    /// Attention heads of a layer.
    package let headCount: Int
    /// Heads of the keys and values; the same as `headCount` in what is served so far.
    package let keyValueHeadCount: Int
    /// What the norms add to the variance.
    package let normEpsilon: Float
    /// Share of a head that is rotated.
    package let rotaryFraction: Double
    /// The base of the rotation's wavelengths.
    package let ropeTheta: Double
    /// Positions that a sequence may have.
    package let maximumPositions: Int
    /// Rows of the embedding table, which may be more than the tokenizer knows and other than the file says.
    package let vocabularySize: Int
    /// Ids that end an answer; empty when only the tokenizer knows.
    package let eosTokenIDs: [Int]
    /// Whether queries, keys and values have a bias.
    package let useQKVBias: Bool
    /// The mixture layers.
    package let moe: MoEConfiguration
    /// What happens to a picture that is not square.
    package let imageAspectRatio: ImageAspectRatio
    /// Which hidden state of the tower is used: 0 is its input, negative ones count from the end.
    package let visionSelectLayer: Int
    /// The vision tower.
    package let vision: VisionConfiguration

    /// Length of a head's vectors.
    package var headSize: Int { hiddenSize / headCount }
    /// Numbers of each head that are rotated, always even.
    package var rotaryDimensions: Int { Int(Double(headSize) * rotaryFraction) }
    /// Blocks of the tower that must be run to get the chosen hidden state.
    package var visionLayersUsed: Int {
        visionSelectLayer < 0 ? vision.layerCount + 1 + visionSelectLayer : visionSelectLayer
    }
}
