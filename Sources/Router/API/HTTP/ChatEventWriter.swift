internal import Foundation
internal import NIOCore

/// Writes one streamed answer as server-sent events in the OpenAI form.
struct ChatEventWriter: Sendable {
    private let route: ChatRoute
    private let query: QueryRequest
    private let id: String
    private let created = Int(Date().timeIntervalSince1970)

    init(route: ChatRoute, query: QueryRequest, id: String) {
        self.route = route
        self.query = query
        self.id = id
    }

    /// The first event: who speaks.
    func opening() throws -> ByteBuffer {
        try event(chunk([.init(delta: .init(role: "assistant", content: ""))]))
    }

    /// The events that one engine event becomes.
    func chunks(for event: GenerationEvent) throws -> [ByteBuffer] {
        switch event {
        case .text(let text):
            guard !text.isEmpty else { return [] }
            return [try self.event(chunk([.init(delta: .init(content: text))]))]
        case .finished(let summary):
            route.metrics.recordRequest(outcome: summary.finishReason.rawValue)
            var last = chunk([.init(delta: .init(), finishReason: summary.finishReason.rawValue)])
            last.medmoe = route.provenance(summary, query: query)
            var buffers = [try self.event(last)]
            if query.streamUsage {
                var usage = chunk([])
                usage.usage = .init(summary)
                buffers.append(try self.event(usage))
            }
            return buffers + [done]
        case .failed(let error):
            // Too late for a status: an error event, and no finish reason that looks normal.
            route.metrics.recordRequest(outcome: APIError.name(of: error.code))
            return [try self.event(APIError(error).body), done]
        }
    }

    private var done: ByteBuffer { ByteBuffer(string: "data: [DONE]\n\n") }

    private func chunk(_ choices: [ChatCompletion.Chunk.Choice]) -> ChatCompletion.Chunk {
        ChatCompletion.Chunk(
            id: id,
            created: created,
            model: route.modelName,
            systemFingerprint: route.fingerprint,
            choices: choices,
        )
    }

    private func event(_ value: some Encodable) throws -> ByteBuffer {
        var buffer = ByteBuffer(string: "data: ")
        buffer.writeBytes(try JSONEncoder.api.encode(value))
        buffer.writeString("\n\n")
        return buffer
    }
}
