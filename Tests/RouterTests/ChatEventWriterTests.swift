import Foundation
import NIOCore
import Router
import Shared
import Testing

@Suite("Streamed answer")
struct ChatEventWriterTests {
    static let registry = PrometheusRegistry()

    static func writer(usage: Bool = false, provenance: Bool = false) -> ChatEventWriter {
        ChatEventWriter(
            id: "chatcmpl-1",
            modelName: "nano",
            fingerprint: "fp",
            metrics: RouterMetrics(factory: registry),
            writesUsage: usage,
            provenance: { summary in
                provenance ? ProvenanceSummary(summary.provenance, domains: Nano.domains, epoch: 9) : nil
            },
        )
    }

    static let summary = GenerationSummary(
        finishReason: .length,
        promptTokens: 80,
        imageTokens: 64,
        completionTokens: 3,
        tokenIDs: [5, 6, 7],
        provenance: ProvenanceSummaryTests.tally(),
        timings: GenerationTimings(),
    )

    /// What stands after `data: ` in each event; every buffer has to be exactly one event.
    static func events(_ buffers: [ByteBuffer]) throws -> [String] {
        try buffers.map { buffer in
            let text = String(buffer: buffer)
            try #require(text.hasPrefix("data: ") && text.hasSuffix("\n\n"))
            let event = String(text.dropFirst(6).dropLast(2))
            #expect(!event.contains("\n"))
            return event
        }
    }

    static func object(_ event: String) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(event.utf8)) as? [String: Any]
        return try #require(object)
    }

    /// The one choice of a chunk: its delta, and how it finished.
    static func choice(_ event: String) throws -> (delta: [String: String], finish: String?) {
        let choices = try #require(try object(event)["choices"] as? [[String: Any]])
        let choice = try #require(choices.first)
        #expect(choices.count == 1)
        #expect(choice["index"] as? Int == 0)
        #expect(choice["logprobs"] is NSNull)
        #expect(choice.keys.contains("finish_reason"))
        return (try #require(choice["delta"] as? [String: String]), choice["finish_reason"] as? String)
    }

    @Test("A stream says when its answer becomes less than whole, in a chunk like any other")
    func degraded() throws {
        let events = try Self.events(Self.writer().chunks(for: .degraded))
        #expect(events.count == 1)
        let event = try #require(events.first)
        #expect(try Self.choice(event).delta.isEmpty)
        let medmoe = try #require(try Self.object(event)["medmoe"] as? [String: Any])
        #expect(medmoe["degraded"] as? Bool == true)
    }

    @Test("An answer is a role, its texts, a finish reason and the end")
    func sequence() throws {
        let writer = Self.writer()
        var buffers = [try writer.opening()]
        for event in [GenerationEvent.text("No"), .text(""), .text(" \"finding\"\n"), .finished(Self.summary)] {
            buffers += try writer.chunks(for: event)
        }
        let events = try Self.events(buffers)
        #expect(events.count == 5, "an empty text is no event")
        #expect(events.last == "[DONE]")
        let choices = try events.dropLast().map(Self.choice)
        #expect(
            choices.map(\.delta) == [
                ["role": "assistant", "content": ""], ["content": "No"], ["content": " \"finding\"\n"], [:],
            ]
        )
        #expect(choices.map(\.finish) == [nil, nil, nil, "length"])
        for event in events.dropLast() {
            let object = try Self.object(event)
            #expect(object["id"] as? String == "chatcmpl-1")
            #expect(object["object"] as? String == "chat.completion.chunk")
            #expect(object["model"] as? String == "nano")
            #expect(object["system_fingerprint"] as? String == "fp")
            #expect(object["usage"] == nil)
            #expect(object["medmoe"] == nil)
        }
    }

    @Test("With usage, a chunk without choices comes before the end")
    func usage() throws {
        let events = try Self.events(Self.writer(usage: true).chunks(for: .finished(Self.summary)))
        #expect(events.count == 3)
        let object = try Self.object(events[1])
        #expect((object["choices"] as? [Any])?.isEmpty == true)
        let usage = try #require(object["usage"] as? [String: Any])
        #expect(usage["prompt_tokens"] as? Int == 80)
        #expect(usage["completion_tokens"] as? Int == 3)
        #expect(usage["total_tokens"] as? Int == 83)
        #expect((usage["prompt_tokens_details"] as? [String: Int]) == ["cached_tokens": 0, "image_tokens": 64])
        #expect(try Self.object(events[0])["usage"] == nil)
    }

    @Test("Provenance comes with the finish reason")
    func provenance() throws {
        let events = try Self.events(Self.writer(provenance: true).chunks(for: .finished(Self.summary)))
        let medmoe = try #require(try Self.object(events[0])["medmoe"] as? [String: Any])
        #expect(medmoe["placement_epoch"] as? Int == 9)
        #expect(try Self.choice(events[0]).finish == "length")
    }

    @Test("A failure in the middle is an error event and the end, without a finish reason")
    func failure() throws {
        let error = QueryError(.expertTimedOut, "Expert 4.2 is not available.")
        let events = try Self.events(Self.writer().chunks(for: .failed(error)))
        #expect(events.count == 2)
        #expect(events.last == "[DONE]")
        let object = try Self.object(events[0])
        #expect(object["choices"] == nil)
        let detail = try #require(object["error"] as? [String: Any])
        #expect(detail["code"] as? String == "expert_timed_out")
        #expect(detail["message"] as? String == "Expert 4.2 is not available.")
    }

    @Test("The outcome of each answer is counted")
    func outcomes() throws {
        let registry = PrometheusRegistry()
        let writer = ChatEventWriter(
            id: "x",
            modelName: "nano",
            fingerprint: "fp",
            metrics: RouterMetrics(factory: registry),
            writesUsage: false,
            provenance: { _ in nil },
        )
        _ = try writer.chunks(for: .finished(Self.summary))
        _ = try writer.chunks(for: .failed(QueryError(.draining, "Shutting down.")))
        let lines = registry.render().split(separator: "\n")
        #expect(lines.contains(#"medmoe_requests_total{outcome="length"} 1"#))
        #expect(lines.contains(#"medmoe_requests_total{outcome="draining"} 1"#))
    }
}
