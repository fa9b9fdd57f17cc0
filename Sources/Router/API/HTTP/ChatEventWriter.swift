internal import Foundation
package import NIOCore

/// Writes one streamed answer as server-sent events in the OpenAI form.
package struct ChatEventWriter: Sendable {
    private let modelName: String
    private let fingerprint: String
    private let metrics: RouterMetrics
    private let writesUsage: Bool
    private let provenance: @Sendable (GenerationSummary) -> ProvenanceSummary?
    private let id: String
    private let created = Int(Date().timeIntervalSince1970)

    /// Writes the answer of this id; with `writesUsage` it ends with the tokens used.
    package init(
        id: String,
        modelName: String,
        fingerprint: String,
        metrics: RouterMetrics,
        writesUsage: Bool,
        provenance: @escaping @Sendable (GenerationSummary) -> ProvenanceSummary?,
    ) {
        self.id = id
        self.modelName = modelName
        self.fingerprint = fingerprint
        self.metrics = metrics
        self.writesUsage = writesUsage
        self.provenance = provenance
    }

    /// The first event: who speaks.
    package func opening() throws -> ByteBuffer {
        try event(chunk([.init(delta: .init(role: "assistant", content: ""))]))
    }

    /// The events that one engine event becomes.
    package func chunks(for event: GenerationEvent) throws -> [ByteBuffer] {
        switch event {
        case .text(let text):
            guard !text.isEmpty else { return [] }
            return [try self.event(chunk([.init(delta: .init(content: text))]))]
        case .degraded:
            // Told when it happens; the last event says what was missing.
            var mark = chunk([.init(delta: .init())])
            mark.medmoe = ProvenanceSummary(degradedSoFar: ())
            return [try self.event(mark)]
        case .finished(let summary):
            metrics.recordRequest(outcome: summary.finishReason.rawValue)
            var last = chunk([.init(delta: .init(), finishReason: summary.finishReason.rawValue)])
            last.medmoe = provenance(summary)
            var buffers = [try self.event(last)]
            if writesUsage {
                var usage = chunk([])
                usage.usage = .init(summary)
                buffers.append(try self.event(usage))
            }
            return buffers + [done]
        case .failed(let error):
            // Too late for a status: an error event, and no finish reason that looks normal.
            metrics.recordRequest(outcome: APIError.name(of: error.code))
            return [try self.event(APIError(error).body), done]
        }
    }

    private var done: ByteBuffer { ByteBuffer(string: "data: [DONE]\n\n") }

    private func chunk(_ choices: [ChatCompletion.Chunk.Choice]) -> ChatCompletion.Chunk {
        ChatCompletion.Chunk(
            id: id,
            created: created,
            model: modelName,
            systemFingerprint: fingerprint,
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
