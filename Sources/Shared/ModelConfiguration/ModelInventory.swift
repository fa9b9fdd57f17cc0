/// The tensors that a configuration demands of a checkpoint, to hold against what is there before anything is loaded.
package struct ModelInventory: Sendable {
    /// Tensors without which the model cannot run.
    package let required: [TensorRequirement]
    /// Tensors that published checkpoints hold and nothing reads: the tower's last blocks and its last norm.
    package let unread: [TensorRequirement]

    /// Lists the tensors of a model.
    package init(_ configuration: ModelConfiguration) {
        var required: [TensorRequirement] = []
        let width = configuration.hiddenSize
        required.append(TensorRequirement(TensorNames.embedTokens, [configuration.vocabularySize, width]))
        required.append(TensorRequirement(TensorNames.head, [configuration.vocabularySize, width]))
        required += TensorRequirement.norm(TensorNames.finalNorm(configuration.form), width)
        for layer in 0..<configuration.layerCount { required += Self.layer(layer, configuration) }

        let vision = configuration.vision
        required += TensorRequirement.linear(TensorNames.projectorFirst, width, vision.hiddenSize, bias: true)
        required += TensorRequirement.linear(TensorNames.projectorSecond, width, width, bias: true)
        required += Self.towerInput(vision)
        for layer in 0..<configuration.visionLayersUsed { required += Self.towerLayer(layer, vision) }
        self.required = required

        var unread = TensorRequirement.norm(TensorNames.Tower.postNorm, vision.hiddenSize)
        for layer in configuration.visionLayersUsed..<vision.layerCount { unread += Self.towerLayer(layer, vision) }
        self.unread = unread
    }

    /// The weights of linear layers, which may be stored in bytes with scales.
    ///
    /// Gates may not, since they decide which expert a token visits, nor may tables or the tower's patch convolution.
    package var linearWeights: [TensorRequirement] {
        (required + unread).filter { requirement in
            requirement.shape.count == 2 && requirement.name.hasSuffix(TensorNames.weightSuffix)
                && !requirement.name.contains(TensorNames.gateSuffix)
                && ![TensorNames.embedTokens, TensorNames.Tower.positionEmbedding].contains(requirement.name)
        }
    }

    /// The tensors of one expert, or of any other feed-forward block named `module`.
    package static func feedForward(_ module: String, _ configuration: ModelConfiguration) -> [TensorRequirement] {
        FeedForwardTensor.all(configuration.form).map { part in
            TensorRequirement(
                "\(module).\(part.rawValue)",
                part.shape(hiddenSize: configuration.hiddenSize, intermediateSize: configuration.intermediateSize)
            )
        }
    }

    private static func layer(_ layer: Int, _ configuration: ModelConfiguration) -> [TensorRequirement] {
        let width = configuration.hiddenSize
        let narrow = configuration.keyValueHeadCount * configuration.headSize
        let bias = configuration.useQKVBias
        var result = TensorRequirement.norm(TensorNames.inputNorm(layer), width)
        let form = configuration.form
        if form == .stableLM { result += TensorRequirement.norm(TensorNames.feedForwardNorm(layer), width) }
        result += TensorRequirement.linear(TensorNames.query(layer), width, width, bias: bias)
        result += TensorRequirement.linear(TensorNames.key(layer), narrow, width, bias: bias)
        result += TensorRequirement.linear(TensorNames.value(layer), narrow, width, bias: bias)
        let output = TensorNames.attentionOutput(layer, form)
        result += TensorRequirement.linear(output, width, width, bias: form.attentionOutputHasBias)
        guard let experts = configuration.moe.expertCount(layer: layer) else {
            return result + feedForward(TensorNames.denseBlock(layer), configuration)
        }
        let gateBias = configuration.moe.gateHasBias
        result += TensorRequirement.linear(TensorNames.gate(layer), experts, width, bias: gateBias)
        for slot in configuration.moe.slots(layer: layer) {
            result += feedForward(TensorNames.expert(ExpertID(layer: layer, slot: slot)), configuration)
        }
        return result
    }

    private static func towerInput(_ vision: VisionConfiguration) -> [TensorRequirement] {
        let width = vision.hiddenSize
        let patch = vision.patchSize
        return [
            TensorRequirement(TensorNames.Tower.classEmbedding, [width]),
            TensorRequirement(TensorNames.Tower.patchEmbedding, [width, 3, patch, patch]),
            TensorRequirement(TensorNames.Tower.positionEmbedding, [1 + vision.patchCount, width]),
        ] + TensorRequirement.norm(TensorNames.Tower.preNorm, width)
    }

    private static func towerLayer(_ layer: Int, _ vision: VisionConfiguration) -> [TensorRequirement] {
        typealias Tower = TensorNames.Tower
        let (narrow, wide) = (vision.hiddenSize, vision.intermediateSize)
        var result =
            TensorRequirement.norm(Tower.norm1(layer), narrow) + TensorRequirement.norm(Tower.norm2(layer), narrow)
        for module in [Tower.query(layer), Tower.key(layer), Tower.value(layer), Tower.attentionOutput(layer)] {
            result += TensorRequirement.linear(module, narrow, narrow, bias: true)
        }
        result += TensorRequirement.linear(Tower.expand(layer), wide, narrow, bias: true)
        result += TensorRequirement.linear(Tower.contract(layer), narrow, wide, bias: true)
        return result
    }
}
