internal import Model
internal import Shared

/// Turns the body of `POST /v1/chat/completions` into a `QueryRequest`, refusing whatever is not understood.
package enum ChatCompletionParser {
    /// Fields that change nothing here and are accepted so that ordinary clients work unchanged.
    private static let harmless: Set<String> = ["user", "metadata", "store", "safety_identifier", "prompt_cache_key"]
    private static let known: Set<String> = [
        "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature", "top_p",
        "seed", "stop", "medmoe",
    ]
    /// Fields of the OpenAI API that are accepted only with the value that asks for nothing.
    private static let neutral: [String: [JSONValue]] = [
        "n": [.integer(1)],
        "logprobs": [.bool(false)],
        "top_logprobs": [.integer(0)],
        "frequency_penalty": [.integer(0)],
        "presence_penalty": [.integer(0)],
        "logit_bias": [.object(JSONObject())],
        "response_format": [.object(JSONObject([("type", .string("text"))]))],
        "tools": [.array([])],
        "tool_choice": [.string("none"), .string("auto")],
        "parallel_tool_calls": [.bool(true), .bool(false)],
        "service_tier": [.string("auto"), .string("default")],
        "modalities": [.array([.string("text")])],
    ]

    /// Reads a body; throws `invalidRequest` with the path of the first field that is wrong.
    package static func parse(_ body: [UInt8]) throws(QueryError) -> QueryRequest {
        let document: JSONValue
        do {
            document = try JSONParser.parse(body)
        } catch {
            throw QueryError(
                .invalidRequest,
                "The request body has to be a JSON object; at byte \(error.offset) this was expected: "
                    + "\(error.expectation).",
            )
        }
        let fields = try JSONFields(document, path: "")
        try checkNames(fields)
        guard let messages = try fields.array("messages") else {
            throw fields.invalid("messages", "is missing; give the conversation as an array of messages.")
        }
        guard !messages.isEmpty else {
            throw fields.invalid("messages", "has to hold at least one message; it is empty.")
        }
        var parsed: [QueryRequest.Message] = []
        for (index, message) in messages.enumerated() {
            parsed.append(try ChatMessageParser.parse(message, path: "messages[\(index)]"))
        }
        guard let model = try fields.string("model") else {
            throw fields.invalid("model", "is missing; `GET /v1/models` lists what is served.")
        }
        var request = QueryRequest(model: model, messages: parsed)
        try readSampling(fields, into: &request)
        try readStream(fields, into: &request)
        try readExtension(fields, into: &request)
        return request
    }

    private static func checkNames(_ fields: JSONFields) throws(QueryError) {
        for (name, values) in neutral.sorted(by: { $0.key < $1.key }) {
            if let value = fields.value(name), !values.contains(value.simplified) {
                throw fields.invalid(name, "is not supported with this value; leave it out.")
            }
        }
        try fields.allowOnly(known.union(harmless).union(neutral.keys))
    }

    private static func readSampling(_ fields: JSONFields, into request: inout QueryRequest) throws(QueryError) {
        request.sampling.temperature = Float(try fields.number("temperature", in: 0...2) ?? 0)
        request.sampling.topP = Float(try fields.number("top_p", in: 0...1) ?? 1)
        if request.sampling.topP <= 0 { throw fields.invalid("top_p", "has to be greater than 0.") }
        if let seed = try fields.integer("seed", in: Int.min...Int.max) {
            request.sampling.seed = UInt64(bitPattern: Int64(seed))
        } else {
            request.sampling.seed = UInt64.random(in: .min ... .max)
        }
        let newName = try fields.integer("max_completion_tokens", in: 1...1_000_000)
        let oldName = try fields.integer("max_tokens", in: 1...1_000_000)
        if newName != nil, oldName != nil, newName != oldName {
            throw fields.invalid("max_tokens", "and `max_completion_tokens` differ; give one of them.")
        }
        request.maximumTokens = newName ?? oldName
        request.stop = try readStop(fields)
    }

    private static func readStop(_ fields: JSONFields) throws(QueryError) -> [String] {
        guard let value = fields.value("stop") else { return [] }
        let isOne = if case .string = value { true } else { false }
        guard let values = isOne ? [value] : try fields.array("stop"), values.count <= 4 else {
            throw fields.invalid("stop", "has to be a string or an array of at most 4 strings.")
        }
        var texts: [String] = []
        for value in values {
            guard case .string(let text) = value, text.utf8.count <= 1024 else {
                throw fields.invalid("stop", "has to hold strings of at most 1024 bytes; \(value.kind) came.")
            }
            texts.append(text)
        }
        return texts
    }

    private static func readStream(_ fields: JSONFields, into request: inout QueryRequest) throws(QueryError) {
        request.stream = try fields.bool("stream") ?? false
        guard let options = try fields.object("stream_options") else { return }
        guard request.stream else { throw fields.invalid("stream_options", "needs `stream` to be true.") }
        try options.allowOnly(["include_usage", "include_obfuscation"])
        request.streamUsage = try options.bool("include_usage") ?? false
    }

    private static func readExtension(_ fields: JSONFields, into request: inout QueryRequest) throws(QueryError) {
        guard let options = try fields.object("medmoe") else { return }
        try options.allowOnly([
            "provenance", "deadline_ms", "on_missing_expert", "image_aspect", "choices", "ignore_eos",
        ])
        if let text = try options.string("provenance") {
            guard let level = QueryRequest.ProvenanceLevel(rawValue: text) else {
                throw options.invalid("provenance", "has to be \"summary\"; another value came.")
            }
            request.provenance = level
        }
        if let text = try options.string("on_missing_expert") {
            guard let policy = MissingExpertPolicy(rawValue: text) else {
                throw options.invalid("on_missing_expert", "has to be refuse, wait or meta_only; another value came.")
            }
            request.onMissing = policy
        }
        request.deadline = try options.integer("deadline_ms", in: 1...86_400_000).map { .milliseconds($0) }
        if let text = try options.string("image_aspect") {
            guard let aspect = QueryRequest.ImageAspect(rawValue: text) else {
                throw options.invalid("image_aspect", "has to be \"pad\" or \"crop\"; another value came.")
            }
            request.imageAspect = aspect
        }
        request.ignoresEnd = try options.bool("ignore_eos") ?? false
        try readChoices(options, into: &request)
    }

    /// Choices one request may have, and bytes of each.
    private static let choiceLimits = (count: 256, bytes: 1024)

    private static func readChoices(_ options: JSONFields, into request: inout QueryRequest) throws(QueryError) {
        guard let values = try options.array("choices") else { return }
        guard (1...choiceLimits.count).contains(values.count) else {
            throw options.invalid("choices", "has to hold 1 to \(choiceLimits.count) texts; \(values.count) came.")
        }
        for value in values {
            guard case .string(let text) = value, (1...choiceLimits.bytes).contains(text.utf8.count) else {
                throw options.invalid("choices", "has to hold strings of 1 to \(choiceLimits.bytes) bytes.")
            }
            request.choices.append(text)
        }
        // Nothing is drawn and nothing cut: what would ask for that is refused and not passed over.
        guard !request.stream else { throw options.invalid("choices", "cannot be streamed; leave `stream` out.") }
        guard request.sampling.temperature == 0, request.stop.isEmpty, request.maximumTokens == nil else {
            throw options.invalid("choices", "goes without `temperature`, `stop` and `max_tokens`; leave them out.")
        }
    }
}
