internal import AsyncHTTPClient
internal import Benchmarking
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import Shared

/// Why a question has no complete answer.
package enum ChaosFailure: Error, Sendable, Equatable {
    /// An error of the API, by its code: the caller knows.
    case told(String)
    /// The connection broke, or the answer ended too early: the caller sees that too.
    case broken(String)
    /// Nothing came for longer than the deadline allows.
    case hung
}

/// Asks questions of a router and follows the answers to their ends.
package struct ChaosClient: Sendable {
    /// Time that an answer has beyond its own deadline before it counts as hung.
    private static let grace: Duration = .seconds(10)

    private let http: HTTPClient
    /// The time that each question gives itself.
    package let deadline: Duration

    /// A client for many requests at once.
    package init(deadline: Duration) {
        var configuration = HTTPClient.Configuration(timeout: .init(connect: .seconds(2)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 4096
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.deadline = deadline
    }

    /// Closes all connections.
    package func close() async { try? await http.shutdown() }

    /// Asks a question; the duration is that of the whole answer, or until it failed.
    package func ask(
        _ prompt: ChaosPrompt,
        at url: String,
        model: String,
        policy: MissingPolicy? = nil,
    ) async -> (result: Result<AnswerFingerprint, ChaosFailure>, latency: Duration) {
        let start = ContinuousClock.now
        let body = prompt.body(model: model, policy: policy, deadline: deadline)
        let limit = deadline + Self.grace
        let result = await withTaskGroup(of: Result<AnswerFingerprint, ChaosFailure>.self) { group in
            group.addTask { await exchange(body, at: url) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return .failure(.hung)
            }
            let first = await group.next() ?? .failure(.hung)
            group.cancelAll()
            return first
        }
        return (result, start.duration(to: .now))
    }

    /// The status and the body of a small document; nil when nobody answers.
    package func get(_ url: String) async -> (status: Int, body: String)? {
        await send(HTTPClientRequest(url: url))
    }

    /// The same for a command without a body.
    package func post(_ url: String) async -> (status: Int, body: String)? {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        return await send(request)
    }

    private func send(_ request: HTTPClientRequest) async -> (status: Int, body: String)? {
        guard let response = try? await http.execute(request, timeout: .seconds(5)),
            let body = try? await response.body.collect(upTo: 16 << 20)
        else { return nil }
        return (Int(response.status.code), String(buffer: body))
    }

    private func exchange(_ body: [UInt8], at url: String) async -> Result<AnswerFingerprint, ChaosFailure> {
        var request = HTTPClientRequest(url: url + "/v1/chat/completions")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: body))
        // Beyond what `ask` waits: only `ask` decides that an answer hangs, before its head as after it.
        let limit = deadline + Self.grace + .seconds(5)
        do {
            let response = try await http.execute(request, timeout: .milliseconds(limit.milliseconds64))
            guard response.status == .ok else {
                let buffer = try await response.body.collect(upTo: 1 << 20)
                var reader = AnswerReader()
                _ = reader.take(Array(buffer.readableBytesView))
                return .failure(.told("\(response.status.code) \(reader.error ?? "without code")"))
            }
            return try await follow(response)
        } catch let error as HTTPClientError where error == .deadlineExceeded {
            return .failure(.hung)
        } catch {
            return .failure(.broken("connection"))
        }
    }

    private func follow(_ response: HTTPClientResponse) async throws -> Result<AnswerFingerprint, ChaosFailure> {
        var reader = AnswerReader()
        var parser = EventStreamParser()
        if response.headers.first(name: "x-medmoe-degraded") == "true" { reader.markDegraded() }
        for try await buffer in response.body {
            for event in try parser.take(buffer.readableBytesView) {
                guard reader.take(event) else { return .failure(.broken("no event of an answer")) }
            }
        }
        if let error = reader.error { return .failure(.told("stream \(error)")) }
        guard reader.hasEnded, !reader.answer.finishReason.isEmpty else { return .failure(.broken("incomplete")) }
        return .success(reader.answer)
    }
}

extension Duration {
    /// Whole milliseconds as NIO takes them.
    fileprivate var milliseconds64: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
