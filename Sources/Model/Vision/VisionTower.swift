package import Kernels

/// CLIP's vision transformer up to the layer whose output is used; later layers are neither loaded nor run.
package final class VisionTower: Sendable {
    /// Side of the square picture it takes, in pixels.
    package let imageSize: Int
    /// Patches a side.
    package var patchesPerSide: Int { imageSize / patchSize }
    /// Feature vectors that a picture becomes.
    package var patchCount: Int { patchesPerSide * patchesPerSide }

    private let patchSize: Int
    private let patchEmbedding: TowerLinear  // (width, 3 * patch * patch), no bias
    private let classEmbedding: Tensor  // (1, width)
    private let positions: Tensor  // (1 + patches, width)
    private let preNorm: LayerNorm
    private let layers: [VisionLayer]

    init(
        imageSize: Int,
        patchSize: Int,
        patchEmbedding: TowerLinear,
        classEmbedding: consuming Tensor,
        positions: consuming Tensor,
        preNorm: consuming LayerNorm,
        layers: [VisionLayer],
    ) {
        self.imageSize = imageSize
        self.patchSize = patchSize
        self.patchEmbedding = patchEmbedding
        self.classEmbedding = classEmbedding
        self.positions = positions
        self.preNorm = preNorm
        self.layers = layers
    }

    /// Turns the normalised pixels `(3, imageSize, imageSize)` of one picture into patch features
    /// `(patchCount, width)`: the chosen layer's output without the class token.
    package func callAsFunction(_ pixels: Span<Float>, on pool: ThreadPool) -> Tensor {
        let patches = patchEmbedding(unfold(pixels), on: pool)
        var hidden = Tensor(uninitialized: positions.shape)
        hidden.copyRows(from: classEmbedding, first: 0, count: 1, to: 0)
        hidden.copyRows(from: patches, first: 0, count: patchCount, to: 1)
        hidden.add(positions)
        hidden = preNorm(hidden, on: pool)
        let heads = layers.first?.headCount ?? 1
        let blocks = (0..<AttentionBlock.count(for: hidden.rows)).map { _ in
            AttentionBlock(keyValueHeadCount: heads, headSize: hidden.columns / heads)
        }
        for layer in layers { layer.apply(to: &hidden, blocks: blocks, on: pool) }
        return hidden.gathering(Array(1...patchCount))
    }

    /// Lays each patch out as one row of `(patchCount, 3 * patch * patch)`, channel first as the convolution has it.
    private func unfold(_ pixels: Span<Float>) -> Tensor {
        precondition(pixels.count == 3 * imageSize * imageSize, "\(pixels.count) numbers are not a picture")
        let area = patchSize * patchSize
        var rows = Tensor(uninitialized: TensorShape(patchCount, 3 * area))
        var target = rows.mutableSpan
        for patch in 0..<patchCount {
            let top = patch / patchesPerSide * patchSize
            let left = patch % patchesPerSide * patchSize
            for channel in 0..<3 {
                for y in 0..<patchSize {
                    for x in 0..<patchSize {
                        let source = (channel * imageSize + top + y) * imageSize + left + x
                        target[patch * 3 * area + channel * area + y * patchSize + x] = pixels[source]
                    }
                }
            }
        }
        return rows
    }
}
