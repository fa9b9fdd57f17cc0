import Benchmarking
import Testing

@Suite("Timelines of answers")
struct AnswerTimelineTests {
    static let opening = #"{"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#
    static let output = #"{"choices":[{"delta":{"content":"word"},"finish_reason":null}]}"#
    static let finish = #"{"choices":[{"delta":{},"finish_reason":"length"}]}"#
    static let usage = #"{"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25}}"#
    static let error = #"{"error":{"message":"m","type":"t","param":null,"code":"expert_unavailable"}}"#

    static func sample(_ events: [(String, Double)], tokens: Int = 8) -> Result<RequestSample, FailureKind> {
        var timeline = AnswerTimeline(maximumTokens: tokens)
        for (text, time) in events { timeline.take(Array(text.utf8), at: time) }
        return timeline.sample
    }

    @Test("The first text is the first token; the event with the reason is the end; every gap counts")
    func whole() throws {
        let sample = try Self.sample([
            (Self.opening, 0.25), (Self.output, 0.5), (Self.output, 0.75), (Self.output, 1.25), (Self.finish, 1.5),
            (Self.usage, 2), ("[DONE]", 3),
        ]).get()
        #expect(sample.timeToFirstToken == 0.5)
        #expect(sample.gaps == [0.25, 0.5])
        #expect(sample.endToEnd == 1.5)
        #expect(sample.usage == .init(promptTokens: 20, completionTokens: 5))
        // (1.5 - 0.5) / (5 - 1): tokens count, not outputs.
        #expect(sample.timePerOutputToken == 0.25)
    }

    @Test("Reason, text and usage may come in one event, and [DONE] may be absent")
    func oneEvent() throws {
        let all =
            #"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}],"#
            + #""usage":{"prompt_tokens":3,"completion_tokens":1}}"#
        let sample = try Self.sample([(all, 0.5)]).get()
        #expect(sample.timeToFirstToken == 0.5)
        #expect(sample.endToEnd == 0.5)
        #expect(sample.gaps.isEmpty)
        #expect(sample.timePerOutputToken == nil)
    }

    @Test("An answer without text is there when its end is")
    func empty() throws {
        let sample = try Self.sample([(Self.opening, 0.1), (Self.finish, 0.5), (Self.usage, 0.5)]).get()
        #expect(sample.timeToFirstToken == 0.5)
        #expect(sample.gaps.isEmpty)
    }

    @Test("An error event ends it, whatever follows")
    func errorEvent() {
        #expect(
            Self.sample([(Self.output, 1), (Self.error, 2), (Self.finish, 3), (Self.usage, 3), ("[DONE]", 3)])
                == .failure(.streamError)
        )
    }

    @Test("Without a reason, without usage, or with something else than events it is incomplete")
    func incomplete() {
        #expect(Self.sample([]) == .failure(.incomplete))
        #expect(Self.sample([(Self.output, 1), (Self.usage, 2), ("[DONE]", 2)]) == .failure(.incomplete))
        #expect(Self.sample([(Self.output, 1), (Self.finish, 2), ("[DONE]", 2)]) == .failure(.incomplete))
        #expect(Self.sample([("<html>", 1), (Self.finish, 2), (Self.usage, 2)]) == .failure(.incomplete))
        let absurd = #"{"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":9000000000000000000}}"#
        #expect(Self.sample([(Self.finish, 2), (absurd, 2)]) == .failure(.incomplete))
    }

    @Test("An answer with many more outputs than tokens asked for is not kept")
    func endless() {
        let outputs = Array(repeating: (Self.output, 1.0), count: 1000)
        #expect(Self.sample(outputs + [(Self.finish, 2), (Self.usage, 2)]) == .failure(.incomplete))
        #expect(throws: Never.self) {
            try Self.sample(outputs.prefix(16) + [(Self.finish, 2), (Self.usage, 2)]).get()
        }
    }

    @Test("A failure from outside counts once, and not after the end")
    func outside() {
        var timeline = AnswerTimeline(maximumTokens: 1)
        timeline.fail(.timeout)
        timeline.fail(.connect)
        #expect(timeline.isOver)
        #expect(timeline.sample == .failure(.timeout))
    }
}
