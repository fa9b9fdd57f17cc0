internal import Foundation
package import Imaging
package import Model

/// Turns a checked question into what the engine takes: pictures decoded and scaled, words tokenized, bounds held.
package struct QueryPreparer: Sendable {
    /// Bounds on what a question may bring.
    package struct Limits: Sendable {
        /// Bounds on each picture, before it is decoded.
        package var image = ImageLimits()
        /// Pictures of one question.
        package var images = 16
        /// Time that an answer may take when the caller does not say.
        package var defaultDeadline: Duration = .seconds(120)
        /// What becomes of a question when an expert is missing.
        package var onMissing = MissingExpertPolicies()

        /// The defaults.
        package init() {}
    }

    private let model: MedMoEModel
    private let modelName: String
    private let preprocessor: ImagePreprocessor
    private let aspects: [QueryRequest.ImageAspect: ImagePreprocessor]
    private let limits: Limits

    /// Prepares questions for a model that is served under a name.
    package init(model: MedMoEModel, modelName: String, preprocessing: ImagePreprocessing, limits: Limits) {
        self.model = model
        self.modelName = modelName
        preprocessor = ImagePreprocessor(preprocessing)
        var aspects: [QueryRequest.ImageAspect: ImagePreprocessor] = [:]
        for aspect in QueryRequest.ImageAspect.allCases {
            var changed = preprocessing
            changed.padToSquare = aspect == .pad
            aspects[aspect] = ImagePreprocessor(changed)
        }
        self.aspects = aspects
        self.limits = limits
    }

    /// Decodes and tokenizes; runs for as long as the pictures need, so not on a thread that others wait for.
    ///
    /// Whether prompt and pictures fit the context is settled before any picture is decoded. `arrival` is when the
    /// request came, from which its deadline counts.
    package func prepare(
        _ request: QueryRequest,
        arrival: ContinuousClock.Instant = .now,
    ) throws(QueryError) -> GenerationRequest {
        if let asked = request.model, asked != modelName {
            let shown = asked.prefix(80).filter { $0.isLetter || $0.isNumber || "._-/:".contains($0) }
            throw QueryError(
                .unknownModel,
                "The model \"\(shown)\" is not served here; this server has \"\(modelName)\".",
                parameter: "model",
            )
        }
        if let wish = request.onMissing, wish > limits.onMissing.loosest {
            throw QueryError(
                .invalidRequest,
                "This server allows \(limits.onMissing.loosest.rawValue) at the most when an expert is missing; "
                    + "\(wish.rawValue) came. Ask for less, or have its operator set --on-missing-expert.",
                parameter: "medmoe.on_missing_expert",
            )
        }
        var turns: [ChatTurn] = []
        var images: [(picture: Picture, message: Int)] = []
        for (index, message) in request.messages.enumerated() {
            let (text, pictures) = try layOut(message, index: index)
            turns.append(ChatTurn(role: message.role, text: text))
            guard images.count + pictures.count <= limits.images else {
                throw QueryError(
                    .invalidRequest,
                    "A request may hold \(limits.images) images; more came.",
                    parameter: "messages",
                )
            }
            images += pictures.map { ($0, index) }
        }
        try boundText(turns)
        let prompt: String
        do {
            prompt = try model.template.prompt(turns: turns)
        } catch {
            throw QueryError(.invalidRequest, error.message, parameter: "messages")
        }
        let ids = PromptTokenizer(tokenizer: model.tokenizer).encode(prompt)
        let room = try room(after: ids, images: images.count)
        let choices = try tokenize(request.choices, room: room)
        let preprocessor = request.imageAspect.flatMap { aspects[$0] } ?? preprocessor
        var pixels: [[Float]] = []
        for (picture, message) in images { pixels.append(try decode(picture, message: message, with: preprocessor)) }
        var prepared = GenerationRequest(
            tokenIDs: ids,
            images: pixels,
            sampling: request.sampling,
            maximumTokens: choices.map(\.tokenIDs.count).max() ?? min(request.maximumTokens ?? room, room),
            stop: request.stop,
            deadline: arrival + (request.deadline ?? limits.defaultDeadline),
            choices: choices,
        )
        prepared.ignoresEnd = request.ignoresEnd
        prepared.onMissing = limits.onMissing.narrowed(to: request.onMissing)
        return prepared
    }

    private struct Picture {
        var bytes: [UInt8]
        var mediaType: String?
        var options: ImageDecodingOptions
    }

    /// Puts a message's words and pictures into one text with an `<image>` for each picture.
    ///
    /// Words that hold `<image>` themselves say where the pictures go, and have to hold one for each; else the pictures
    /// come first, each on a line of its own, as in training.
    private func layOut(_ message: QueryRequest.Message, index: Int) throws(QueryError) -> (String, [Picture]) {
        var words: [String] = []
        var pictures: [Picture] = []
        for part in message.parts {
            switch part {
            case .text(let text): words.append(text)
            case .image(let bytes, let mediaType, let options):
                pictures.append(Picture(bytes: bytes, mediaType: mediaType, options: options))
            }
        }
        let text = words.joined(separator: "\n")
        let places = PromptTokenizer.imageCount(in: text)
        if places == 0 {
            let marks = String(repeating: PromptTokenizer.imageMarker + "\n", count: pictures.count)
            return (marks + text, pictures)
        }
        guard places == pictures.count else {
            throw QueryError(
                .invalidRequest,
                "The text has \(places) places `<image>` for \(pictures.count) image parts; give one for each, or none.",
                parameter: "messages[\(index)].content",
            )
        }
        return (text, pictures)
    }

    /// Tokens that one choice may have.
    private static let choiceTokens = 64

    /// The choices' tokens as an answer has them: the template's last colon, a space, then the text.
    private func tokenize(_ texts: [String], room: Int) throws(QueryError) -> [Choice] {
        var choices: [Choice] = []
        for (index, text) in texts.enumerated() {
            let ids = model.tokenizer.encodeWithoutBOS(" " + text)
            guard (1...min(Self.choiceTokens, room)).contains(ids.count) else {
                throw QueryError(
                    .invalidRequest,
                    "A choice may have \(min(Self.choiceTokens, room)) tokens after this prompt; number \(index) has "
                        + "\(ids.count). Shorten it.",
                    parameter: "medmoe.choices",
                )
            }
            choices.append(Choice(text: text, tokenIDs: ids))
        }
        return choices
    }

    private func decode(
        _ picture: Picture,
        message: Int,
        with preprocessor: ImagePreprocessor,
    ) throws(QueryError) -> [Float] {
        do {
            let decoded = try ImageDecoder.decode(
                picture.bytes,
                declaredType: picture.mediaType,
                limits: limits.image,
                options: picture.options,
            )
            return preprocessor.pixelValues(decoded.image)
        } catch {
            let isSize = error.code == .tooManyBytes || error.code == .tooManyPixels
            throw QueryError(
                isSize ? .tooLarge : .invalidRequest,
                error.message,
                parameter: "messages[\(message)].content",
            )
        }
    }

    /// Refuses text that is over the context whatever its tokens are, before it is tokenized.
    private func boundText(_ turns: [ChatTurn]) throws(QueryError) {
        let most = Self.bytesPerToken * model.language.maximumPositions
        let bytes = turns.reduce(0) { $0 + $1.text.utf8.count }
        guard bytes > most else { return }
        throw QueryError(
            .invalidRequest,
            "The text has \(bytes) bytes; no more than \(most) can fit the model's "
                + "\(model.language.maximumPositions) positions. Shorten it.",
            parameter: "messages",
        )
    }

    /// Longer than any token of the published vocabularies.
    private static let bytesPerToken = 256

    /// Tokens that the context has room for after a prompt.
    private func room(after ids: [Int], images: Int) throws(QueryError) -> Int {
        let context = model.language.maximumPositions
        let length = ids.count + images * (model.tower.patchCount - 1)
        guard length < context else {
            throw QueryError(
                .invalidRequest,
                "The prompt has \(length) positions (\(images) images of \(model.tower.patchCount)); "
                    + "the model has \(context) for prompt and answer. Shorten the text or send fewer images.",
                parameter: "messages",
            )
        }
        return context - length + 1
    }
}
