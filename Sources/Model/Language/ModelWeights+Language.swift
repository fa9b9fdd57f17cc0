internal import Kernels
internal import Shared

extension ModelWeights {
    /// The decoder with its gates; routed and meta experts stay where they are.
    ///
    /// Embedding and head keep the rows that the tokenizer knows, as the published loader does: padding rows of the
    /// vocabulary are never predicted.
    func languageModel(vocabularySize: Int) throws(CheckpointError) -> LanguageModel {
        let hidden = configuration.hiddenSize
        var layers: [DecoderLayer] = []
        for index in 0..<configuration.layerCount { layers.append(try decoderLayer(index)) }
        return LanguageModel(
            embeddings: try firstRows(TensorNames.embedTokens, rows: vocabularySize, columns: hidden),
            layers: layers,
            finalNorm: try norm(
                TensorNames.finalNorm(configuration.form),
                columns: hidden,
                epsilon: configuration.normEpsilon
            ),
            head: Linear(
                weight: try firstOutputs(TensorNames.head, outputs: vocabularySize, inputs: hidden),
                bias: nil,
                dtype: dtype,
            ),
            rotary: RotaryEmbedding(
                dimensions: configuration.rotaryDimensions,
                theta: Float(configuration.ropeTheta),
                positions: configuration.maximumPositions,
            ),
            headCount: configuration.headCount,
            cacheKind: dtype.cacheKind,
        )
    }

    private func decoderLayer(_ index: Int) throws(CheckpointError) -> DecoderLayer {
        let hidden = configuration.hiddenSize
        let hasBias = configuration.useQKVBias
        let attention = Attention(
            query: try linear(TensorNames.query(index), outputs: hidden, inputs: hidden, bias: hasBias, dtype: dtype),
            key: try linear(TensorNames.key(index), outputs: hidden, inputs: hidden, bias: hasBias, dtype: dtype),
            value: try linear(TensorNames.value(index), outputs: hidden, inputs: hidden, bias: hasBias, dtype: dtype),
            output: try linear(
                TensorNames.attentionOutput(index, configuration.form),
                outputs: hidden,
                inputs: hidden,
                bias: configuration.form.attentionOutputHasBias,
                dtype: dtype,
            ),
            headCount: configuration.headCount,
        )
        let epsilon = configuration.normEpsilon
        let arrangement: DecoderLayer.Arrangement =
            switch configuration.form {
            case .stableLM:
                .sequential(try norm(TensorNames.feedForwardNorm(index), columns: hidden, epsilon: epsilon))
            case .phi: .parallel
            }
        return DecoderLayer(
            index: index,
            inputNorm: try norm(TensorNames.inputNorm(index), columns: hidden, epsilon: epsilon),
            attention: attention,
            arrangement: arrangement,
            feedForward: try feedForwardPart(index),
        )
    }

    private func feedForwardPart(_ index: Int) throws(CheckpointError) -> DecoderLayer.FeedForward {
        guard let experts = configuration.moe.expertCount(layer: index) else {
            return .dense(try feedForward(TensorNames.denseBlock(index)))
        }
        let gate = Gate(
            weight: try linear(
                TensorNames.gate(index),
                outputs: experts,
                inputs: configuration.hiddenSize,
                bias: configuration.moe.gateHasBias,
                dtype: .f32,
            ),
            topK: configuration.moe.topK,
        )
        return .mixture(gate, hasMeta: configuration.moe.hasMetaExpert)
    }
}
