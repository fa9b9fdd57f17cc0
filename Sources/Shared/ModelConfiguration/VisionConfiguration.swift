/// The sizes of a CLIP vision tower.
package struct VisionConfiguration: Equatable, Sendable {
    /// Where the sizes come from.
    package enum Source: Equatable, Sendable {
        /// The checkpoint's own `config.json`.
        case checkpoint
        /// The `config.json` in the tower's folder, given by its path.
        case towerFolder(String)
        /// Nobody said; these are the sizes of ViT-L/14 at 336 pixels, which published checkpoints use.
        case assumed
    }

    /// The function between the two linear layers of a block.
    package enum Activation: String, Sendable, CaseIterable {
        /// `x * sigmoid(1.702 x)`.
        case quickGELU = "quick_gelu"
    }

    /// Length of a feature vector.
    package let hiddenSize: Int
    /// Width between the two linear layers of a block.
    package let intermediateSize: Int
    /// Blocks in the tower, of which the last may be unused.
    package let layerCount: Int
    /// Attention heads of a block.
    package let headCount: Int
    /// Side of the square picture, in pixels.
    package let imageSize: Int
    /// Side of a patch, in pixels.
    package let patchSize: Int
    /// What the norms add to the variance.
    package let layerNormEpsilon: Float
    /// The function between the two linear layers of a block.
    package let activation: Activation
    /// Where these sizes come from.
    package let source: Source

    /// Patches a picture is cut into.
    package var patchCount: Int { (imageSize / patchSize) * (imageSize / patchSize) }

    /// ViT-L/14 at 336 pixels.
    package static let clipLarge336 = VisionConfiguration(
        hiddenSize: 1024,
        intermediateSize: 4096,
        layerCount: 24,
        headCount: 16,
        imageSize: 336,
        patchSize: 14,
        layerNormEpsilon: 1e-5,
        activation: .quickGELU,
        source: .assumed,
    )
}
