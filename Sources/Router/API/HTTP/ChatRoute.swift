internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import NIOPosix

/// `POST /v1/chat/completions`: whole or streamed.
struct ChatRoute: Sendable {
    let engine: InferenceEngine
    let preparer: QueryPreparer
    let modelName: String
    let domains: DomainTable
    let fingerprint: String
    let epoch: @Sendable () -> UInt64
    let metrics: RouterMetrics
    let maximumBodyBytes: Int

    func callAsFunction(_ request: Request, context: APIContext) async throws -> Response {
        do {
            let body = try await read(request)
            let query = try ChatCompletionParser.parse(body)
            let preparer = preparer
            // Decoding pictures takes long enough to keep it off the threads that serve connections.
            let prepared = try await NIOThreadPool.singleton.runIfActive { Result { try preparer.prepare(query) } }
                .get()
            let events = try engine.submit(prepared)
            return query.stream
                ? try await stream(events, query: query)
                : try await whole(events, query: query)
        } catch let error as QueryError {
            metrics.recordRequest(outcome: APIError.name(of: error.code))
            throw APIError(error)
        }
    }

    private func read(_ request: Request) async throws -> [UInt8] {
        do {
            let buffer = try await request.body.collect(upTo: maximumBodyBytes)
            return Array(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw QueryError(
                .tooLarge,
                "A request body may have \(maximumBodyBytes) bytes; more came. Send smaller images.",
            )
        }
    }

    private func whole(_ events: AsyncStream<GenerationEvent>, query: QueryRequest) async throws -> Response {
        var text = ""
        for await event in events {
            switch event {
            case .text(let piece): text += piece
            case .failed(let error): throw error
            case .finished(let summary):
                metrics.recordRequest(outcome: summary.finishReason.rawValue)
                let answer = ChatCompletion.Response(
                    id: Self.makeID(),
                    created: Int(Date().timeIntervalSince1970),
                    model: modelName,
                    systemFingerprint: fingerprint,
                    choices: [
                        .init(message: .init(content: text), finishReason: summary.finishReason.rawValue)
                    ],
                    usage: .init(summary),
                    medmoe: provenance(summary, query: query),
                )
                let data = try JSONEncoder.api.encode(answer)
                return Response(
                    status: .ok,
                    headers: [.contentType: "application/json; charset=utf-8"],
                    body: .init(byteBuffer: ByteBuffer(bytes: data)),
                )
            }
        }
        throw QueryError(.internalError, "The engine ended before the answer was complete.")
    }

    /// Waits for the first event, so that a query that fails at once still gets its status, then streams.
    private func stream(_ events: AsyncStream<GenerationEvent>, query: QueryRequest) async throws -> Response {
        var iterator = events.makeAsyncIterator()
        guard let first = await iterator.next() else {
            throw QueryError(.internalError, "The engine ended before the answer began.")
        }
        if case .failed(let error) = first { throw error }
        let writer = ChatEventWriter(
            id: Self.makeID(),
            modelName: modelName,
            fingerprint: fingerprint,
            metrics: metrics,
            writesUsage: query.streamUsage,
            provenance: { summary in provenance(summary, query: query) },
        )
        nonisolated(unsafe) let rest = iterator
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache"],
            body: .init { output in
                var iterator = unsafe rest
                var event: GenerationEvent? = first
                try await output.write(writer.opening())
                while let current = event {
                    for chunk in try writer.chunks(for: current) { try await output.write(chunk) }
                    event = await iterator.next()
                }
                try await output.finish(nil)
            },
        )
    }

    func provenance(_ summary: GenerationSummary, query: QueryRequest) -> ProvenanceSummary? {
        guard query.provenance != nil else { return nil }
        return ProvenanceSummary(summary.provenance, domains: domains, epoch: epoch())
    }

    private static func makeID() -> String {
        "chatcmpl-" + UUID().uuidString.lowercased().filter { $0 != "-" }
    }
}
