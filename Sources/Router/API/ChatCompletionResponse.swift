internal import Foundation

/// The bodies that `POST /v1/chat/completions` answers with, in the OpenAI form.
enum ChatCompletion {
    /// The whole answer.
    struct Response: Encodable {
        struct Choice: Encodable {
            struct Message: Encodable {
                var role = "assistant"
                var content: String
                @NullEncodable var refusal: String?
            }

            var index = 0
            var message: Message
            @NullEncodable var logprobs: String?
            var finishReason: String

            enum CodingKeys: String, CodingKey {
                case index, message, logprobs
                case finishReason = "finish_reason"
            }
        }

        var id: String
        var object = "chat.completion"
        var created: Int
        var model: String
        var systemFingerprint: String
        var choices: [Choice]
        var usage: Usage
        var medmoe: AnswerExtension?

        enum CodingKeys: String, CodingKey {
            case id, object, created, model, choices, usage, medmoe
            case systemFingerprint = "system_fingerprint"
        }
    }

    /// One event of a streamed answer.
    struct Chunk: Encodable {
        struct Choice: Encodable {
            struct Delta: Encodable {
                var role: String?
                var content: String?
            }

            var index = 0
            var delta: Delta
            @NullEncodable var logprobs: String?
            @NullEncodable var finishReason: String?

            enum CodingKeys: String, CodingKey {
                case index, delta, logprobs
                case finishReason = "finish_reason"
            }
        }

        var id: String
        var object = "chat.completion.chunk"
        var created: Int
        var model: String
        var systemFingerprint: String
        var choices: [Choice]
        var usage: Usage?
        var medmoe: ProvenanceSummary?

        enum CodingKeys: String, CodingKey {
            case id, object, created, model, choices, usage, medmoe
            case systemFingerprint = "system_fingerprint"
        }
    }

    /// Tokens of question and answer.
    struct Usage: Encodable {
        struct PromptDetails: Encodable {
            var cachedTokens = 0
            var imageTokens: Int

            enum CodingKeys: String, CodingKey {
                case cachedTokens = "cached_tokens"
                case imageTokens = "image_tokens"
            }
        }

        var promptTokens: Int
        var completionTokens: Int
        var totalTokens: Int
        var promptTokensDetails: PromptDetails

        enum CodingKeys: String, CodingKey {
            case promptTokens = "prompt_tokens"
            case completionTokens = "completion_tokens"
            case totalTokens = "total_tokens"
            case promptTokensDetails = "prompt_tokens_details"
        }

        init(_ summary: GenerationSummary) {
            promptTokens = summary.promptTokens
            completionTokens = summary.completionTokens
            totalTokens = summary.promptTokens + summary.completionTokens
            promptTokensDetails = PromptDetails(cachedTokens: summary.cachedTokens, imageTokens: summary.imageTokens)
        }
    }
}

extension NullEncodable: Sendable where Value: Sendable {}

/// A field that is written as null when it is nil, where a schema demands the key.
@propertyWrapper
struct NullEncodable<Value: Encodable>: Encodable {
    var wrappedValue: Value?

    init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
    }
}
