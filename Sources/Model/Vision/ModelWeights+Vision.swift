internal import Kernels
internal import Shared

extension ModelWeights {
    /// The vision tower up to the layer whose output is used.
    func visionTower() throws(CheckpointError) -> VisionTower {
        let vision = configuration.vision
        let (width, patch) = (vision.hiddenSize, vision.patchSize)
        let side = vision.imageSize / patch
        var layers: [VisionLayer] = []
        for index in 0..<configuration.visionLayersUsed { layers.append(try visionLayer(index)) }
        let patches = try tensor(TensorNames.Tower.patchEmbedding, [width, 3, patch, patch])
        return VisionTower(
            imageSize: vision.imageSize,
            patchSize: patch,
            patchEmbedding: Linear(weight: patches.reshaped(TensorShape(width, 3 * patch * patch)), bias: nil),
            classEmbedding: try tensor(TensorNames.Tower.classEmbedding, [width]).reshaped(TensorShape(1, width)),
            positions: try tensor(TensorNames.Tower.positionEmbedding, [1 + side * side, width]),
            preNorm: try norm(TensorNames.Tower.preNorm, columns: width, epsilon: vision.layerNormEpsilon),
            layers: layers,
        )
    }

    private func visionLayer(_ index: Int) throws(CheckpointError) -> VisionLayer {
        let vision = configuration.vision
        let (width, middle) = (vision.hiddenSize, vision.intermediateSize)
        return VisionLayer(
            norm1: try norm(TensorNames.Tower.norm1(index), columns: width, epsilon: vision.layerNormEpsilon),
            query: try linear(TensorNames.Tower.query(index), outputs: width, inputs: width, bias: true),
            key: try linear(TensorNames.Tower.key(index), outputs: width, inputs: width, bias: true),
            value: try linear(TensorNames.Tower.value(index), outputs: width, inputs: width, bias: true),
            output: try linear(TensorNames.Tower.attentionOutput(index), outputs: width, inputs: width, bias: true),
            norm2: try norm(TensorNames.Tower.norm2(index), columns: width, epsilon: vision.layerNormEpsilon),
            expand: try linear(TensorNames.Tower.expand(index), outputs: middle, inputs: width, bias: true),
            contract: try linear(TensorNames.Tower.contract(index), outputs: width, inputs: middle, bias: true),
            headCount: vision.headCount,
        )
    }

    /// The projector from the tower's width to the decoder's.
    func projector() throws(CheckpointError) -> Projector {
        let (hidden, width) = (configuration.hiddenSize, configuration.vision.hiddenSize)
        return Projector(
            first: try linear(TensorNames.projectorFirst, outputs: hidden, inputs: width, bias: true),
            second: try linear(TensorNames.projectorSecond, outputs: hidden, inputs: hidden, bias: true),
        )
    }
}
