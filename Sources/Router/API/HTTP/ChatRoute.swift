internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle

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
    let gate: RequestGate

    func callAsFunction(_ request: Request, context: APIContext) async throws -> Response {
        do {
            let (read, query, prepared) = try await prepare(request)
            // From here on the body is read: a caller that hangs up cancels its request, also while nothing is
            // written to it yet. The connection is used up by that, and says so.
            return try await read.body.consumeWithCancellationOnInboundClose { body in
                for try await _ in body {}
                let events = try engine.submit(prepared)
                var response =
                    query.stream
                    ? try await stream(events, query: query)
                    : try await whole(events, query: query)
                response.headers[.connection] = "close"
                return response
            }
        } catch let error as QueryError {
            metrics.recordRequest(outcome: APIError.name(of: error.code))
            var answer = APIError(error)
            answer.closesConnection = true
            throw answer
        }
    }

    /// Reads a request and makes it ready for the engine.
    private func prepare(_ request: Request) async throws -> (Request, QueryRequest, GenerationRequest) {
        let arrival = ContinuousClock.now
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        if let announced, announced > maximumBodyBytes { throw tooLarge }
        return try await gate.withPlace(bytes: announced ?? maximumBodyBytes) {
            let (request, body) = try await read(request)
            let query = try ChatCompletionParser.parse(body)
            let preparer = preparer
            // Decoding pictures takes long enough to keep it off the threads that serve connections.
            let prepared = try await NIOThreadPool.singleton.runIfActive {
                Result { try preparer.prepare(query, arrival: arrival) }
            }.get()
            return (request, query, prepared)
        }
    }

    private var tooLarge: QueryError {
        QueryError(.tooLarge, "A request body may have \(maximumBodyBytes) bytes; more came. Send smaller images.")
    }

    /// The whole body; a caller that does not send it in time, or is still sending at shutdown, is cut off.
    private func read(_ request: Request) async throws -> (Request, [UInt8]) {
        let (limit, patience) = (maximumBodyBytes, Self.bodyPatience)
        let late = QueryError(
            .deadlineExceeded,
            "The request body did not arrive within \(patience); send it faster or send less.",
        )
        do {
            return try await withThrowingTaskGroup(of: (Request, [UInt8]).self) { group in
                group.addTask {
                    try await cancelWhenGracefulShutdown {
                        var request = request
                        let buffer = try await request.collectBody(upTo: limit)
                        return (request, Array(buffer.readableBytesView))
                    }
                }
                group.addTask {
                    try await Task.sleep(for: patience)
                    throw late
                }
                defer { group.cancelAll() }
                guard let body = try await group.next() else { throw late }
                return body
            }
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
    }

    private static let bodyPatience: Duration = .seconds(60)

    private func whole(_ events: AsyncStream<GenerationEvent>, query: QueryRequest) async throws -> Response {
        var text = ""
        for await event in events {
            switch event {
            case .text(let piece): text += piece
            case .degraded: break
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
                    medmoe: AnswerExtension(
                        provenance: provenance(summary, query: query),
                        choices: summary.choices,
                    ),
                )
                let data = try JSONEncoder.api.encode(answer)
                var headers: HTTPFields = [.contentType: "application/json; charset=utf-8"]
                if summary.provenance.isDegraded { headers[.degraded] = "true" }
                return Response(
                    status: .ok,
                    headers: headers,
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
        var headers: HTTPFields = [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache"]
        if case .degraded = first { headers[.degraded] = "true" }
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
            headers: headers,
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
        guard query.provenance != nil else {
            return ProvenanceSummary(lossesOf: summary.provenance, domains: domains)
        }
        return ProvenanceSummary(summary.provenance, domains: domains, epoch: epoch())
    }

    private static func makeID() -> String {
        "chatcmpl-" + UUID().uuidString.lowercased().filter { $0 != "-" }
    }
}

extension HTTPField.Name {
    /// Says that a part of the answer was made while an expert was missing.
    static let degraded: HTTPField.Name = {
        guard let name = HTTPField.Name("x-medmoe-degraded") else { preconditionFailure("a header's name") }
        return name
    }()
}
