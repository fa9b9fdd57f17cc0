internal import Foundation
package import Kernels
package import Model
internal import Shared

/// Runs one prompt through the model and keeps every inner value: what `medmoe trace` writes.
///
/// The numbers are those of serving: the same model code over the same seam, only that the whole prompt is one pass.
package struct TraceRun {
    /// What to trace.
    package struct Question: Sendable {
        /// The exact prompt; `<image>` stands where a picture belongs.
        package var prompt: String
        /// Normalised pixels `(3, side, side)` of each picture.
        package var pixels: [[Float]]
        /// Tokens to generate at most, greedily; 0 for none.
        package var maximumTokens: Int
        /// Time that the experts of one layer may take.
        package var expertTimeout: Duration

        /// Describes a trace.
        package init(prompt: String, pixels: [[Float]], maximumTokens: Int, expertTimeout: Duration) {
            self.prompt = prompt
            self.pixels = pixels
            self.maximumTokens = maximumTokens
            self.expertTimeout = expertTimeout
        }
    }

    /// The traced tensors, in the order of the computation.
    package let tensors: [TraceTensor]
    /// The generated text, special tokens skipped, stripped.
    package let text: String
    /// The generated ids, the end token included.
    package let generatedIDs: [Int]

    /// Computes a trace on the calling thread.
    ///
    /// - Throws: `QueryError` for a prompt that does not fit, and when an expert does not answer.
    package init(
        _ question: Question,
        model: MedMoEModel,
        plane: any ExpertPlane,
        pool: ThreadPool,
    ) throws(QueryError) {
        let ids = PromptTokenizer(tokenizer: model.tokenizer).encode(question.prompt)
        try Self.check(ids, question: question, model: model)
        let recorder = TraceRecorder()
        recorder.add(TraceTensor("input_ids", shape: [ids.count], integers: ids))
        Self.recordVision(question.pixels, model: model, recorder: recorder, pool: pool)

        let input = model.embedPrompt(ids) { model.encode(question.pixels[$0], on: pool) }
        let length = input.rows
        let cache = model.language.makeCache(capacity: length + question.maximumTokens)
        func pass(_ input: consuming Tensor, observer: TraceRecorder?) throws(QueryError) -> Tensor {
            let rows = input.rows
            let result = model.language.forward(
                input,
                batch: ForwardBatch(
                    runs: [.init(cache: cache, rowCount: rows)],
                    deadline: .now + .seconds(86_400),
                    expertTimeout: question.expertTimeout,
                ),
                executor: plane,
                observer: observer,
                on: pool,
            )
            if let failure = result.spoiled.min(by: { $0.key < $1.key }) { throw QueryError(failure.value) }
            return model.language.logits(result.hidden, rows: Array(0..<rows), on: pool)
        }
        var logits = try pass(input, observer: recorder)
        recorder.add("logits", logits)

        var generated: [Int] = []
        var sampler = Sampler(SamplingParameters())
        while generated.count < question.maximumTokens {
            let last = logits.shape.count - logits.columns
            guard let token = sampler.sample(logits.span.extracting(last..<logits.shape.count)) else { break }
            generated.append(token)
            if model.endTokenIDs.contains(token) || cache.count >= cache.capacity { break }
            if generated.count < question.maximumTokens {
                logits = try pass(model.language.embed([token]), observer: nil)
            }
        }
        recorder.add(TraceTensor("generated_ids", shape: [generated.count], integers: generated))
        tensors = recorder.tensors
        generatedIDs = generated
        text = model.tokenizer.decode(generated, skipSpecialTokens: true)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func check(_ ids: [Int], question: Question, model: MedMoEModel) throws(QueryError) {
        let places = ids.count { $0 == PromptTokenizer.imageSentinel }
        guard places == question.pixels.count else {
            throw QueryError(
                .invalidRequest,
                "The prompt has \(places) places `<image>` for \(question.pixels.count) images; give one for each.",
            )
        }
        let length = ids.count + places * (model.tower.patchCount - 1)
        guard length > 0, length + max(0, question.maximumTokens - 1) <= model.language.maximumPositions else {
            throw QueryError(
                .invalidRequest,
                "A prompt of \(length) positions and \(question.maximumTokens) tokens do not fit the model's "
                    + "\(model.language.maximumPositions) positions.",
            )
        }
    }

    private static func recordVision(
        _ pictures: [[Float]],
        model: MedMoEModel,
        recorder: TraceRecorder,
        pool: ThreadPool,
    ) {
        guard !pictures.isEmpty else { return }
        let side = model.tower.imageSize
        let count = pictures.count
        recorder.add(TraceTensor("pixel_values", shape: [count, 3, side, side], floats: pictures.flatMap { $0 }))
        var features: [Float] = []
        var embeddings: [Float] = []
        var widths = (features: 0, embeddings: 0)
        for picture in pictures {
            let seen = model.tower(picture.span, on: pool)
            let projected = model.projector(seen, on: pool)
            widths = (seen.columns, projected.columns)
            features += seen.array
            embeddings += projected.array
        }
        let patches = model.tower.patchCount
        recorder.add(TraceTensor("vision_features", shape: [count, patches, widths.features], floats: features))
        recorder.add(TraceTensor("image_embeddings", shape: [count, patches, widths.embeddings], floats: embeddings))
    }
}
