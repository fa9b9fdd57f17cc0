internal import Shared

/// What one event of a streamed answer says, as far as a benchmark needs it; its words are not kept.
package struct AnswerEvent: Sendable, Equatable {
    /// Tokens as the server counts them.
    package struct Usage: Sendable, Equatable {
        /// Tokens of the prompt, pictures and template included.
        package var promptTokens: Int
        /// Tokens of the answer.
        package var completionTokens: Int

        /// Notes counts.
        package init(promptTokens: Int, completionTokens: Int) {
            self.promptTokens = promptTokens
            self.completionTokens = completionTokens
        }
    }

    /// Whether it carries text of the answer.
    package var hasOutput = false
    /// Whether it gives a reason why the answer ended.
    package var isFinish = false
    /// Whether it is an error in place of the rest of the answer.
    package var isError = false
    /// Whether it is the `[DONE]` after the last event.
    package var isEnd = false
    /// Tokens used, in one of the last events.
    package var usage: Usage?

    /// An event that says nothing yet.
    package init() {}

    /// Reads the data of an event; nil when it is neither `[DONE]` nor a JSON object.
    package init?(data: [UInt8]) {
        guard !data.elementsEqual("[DONE]".utf8) else {
            isEnd = true
            return
        }
        guard case .object(let object) = try? JSONParser.parse(data) else { return nil }
        if let error = object["error"], error != .null {
            isError = true
            return
        }
        if case .array(let choices) = object["choices"], case .object(let choice) = choices.first {
            if case .object(let delta) = choice["delta"], case .string(let text) = delta["content"] {
                hasOutput = !text.isEmpty
            }
            if case .string = choice["finish_reason"] { isFinish = true }
        }
        usage = Self.usage(object["usage"])
    }

    private static func usage(_ value: JSONValue?) -> Usage? {
        guard case .object(let object) = value, case .integer(let prompt) = object["prompt_tokens"],
            case .integer(let completion) = object["completion_tokens"], bounds.contains(prompt),
            bounds.contains(completion)
        else { return nil }
        return Usage(promptTokens: prompt, completionTokens: completion)
    }

    /// Counts beyond this are taken for none: sums over a million requests must not overflow.
    private static let bounds = 0...1_000_000_000
}
