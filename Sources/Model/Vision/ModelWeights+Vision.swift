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
        let patches = try checkpoint.matrix(TensorNames.Tower.patchEmbedding, expectedShape: [width, 3, patch, patch])
        return VisionTower(
            imageSize: vision.imageSize,
            patchSize: patch,
            patchEmbedding: TowerLinear(weight: .numbers(patches), bias: nil, dtype: dtype),
            classEmbedding: try tensor(TensorNames.Tower.classEmbedding, [width]).reshaped(TensorShape(1, width)),
            positions: try tensor(TensorNames.Tower.positionEmbedding, [1 + side * side, width]),
            preNorm: try norm(TensorNames.Tower.preNorm, columns: width, epsilon: vision.layerNormEpsilon),
            layers: layers,
        )
    }

    private func wholeLinear(_ prefix: String, outputs: Int, inputs: Int) throws(CheckpointError) -> TowerLinear {
        let weight = try checkpoint.linearWeight("\(prefix).weight", expectedShape: [outputs, inputs])
        let bias = try tensor("\(prefix).bias", [outputs])
        defer { releaseIfPacked("\(prefix).weight") }
        return TowerLinear(weight: weight, bias: bias, dtype: dtype)
    }

    private func visionLayer(_ index: Int) throws(CheckpointError) -> VisionLayer {
        let vision = configuration.vision
        let (width, middle) = (vision.hiddenSize, vision.intermediateSize)
        return VisionLayer(
            norm1: try norm(TensorNames.Tower.norm1(index), columns: width, epsilon: vision.layerNormEpsilon),
            query: try wholeLinear(TensorNames.Tower.query(index), outputs: width, inputs: width),
            key: try wholeLinear(TensorNames.Tower.key(index), outputs: width, inputs: width),
            value: try wholeLinear(TensorNames.Tower.value(index), outputs: width, inputs: width),
            output: try wholeLinear(TensorNames.Tower.attentionOutput(index), outputs: width, inputs: width),
            norm2: try norm(TensorNames.Tower.norm2(index), columns: width, epsilon: vision.layerNormEpsilon),
            expand: try wholeLinear(TensorNames.Tower.expand(index), outputs: middle, inputs: width),
            contract: try wholeLinear(TensorNames.Tower.contract(index), outputs: width, inputs: middle),
            headCount: vision.headCount,
        )
    }

    /// The projector from the tower's width to the decoder's.
    func projector() throws(CheckpointError) -> Projector {
        let (hidden, width) = (configuration.hiddenSize, configuration.vision.hiddenSize)
        return Projector(
            first: try wholeLinear(TensorNames.projectorFirst, outputs: hidden, inputs: width),
            second: try wholeLinear(TensorNames.projectorSecond, outputs: hidden, inputs: hidden),
        )
    }
}
