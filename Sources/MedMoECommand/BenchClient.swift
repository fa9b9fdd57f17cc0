internal import AsyncHTTPClient
internal import Benchmarking
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import Shared

/// Sends the requests of a benchmark and times their answers.
struct BenchClient: Sendable {
    private let http: HTTPClient
    private let url: String
    private let key: String?
    private let timeout: Duration
    private let maximumTokens: Int

    /// Bytes of a whole stream, and of the body of an error.
    private static let limits = (stream: 256 << 20, error: 1 << 20)

    /// A client for up to `connections` requests at once; `key` is a bearer token.
    init(url: String, key: String?, timeout: Duration, maximumTokens: Int, connections: Int) {
        var configuration = HTTPClient.Configuration(timeout: .init(connect: .seconds(10)))
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        // Requests beyond it would wait in here for a connection, and that wait would count as the server's.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.url = url
        self.key = key
        self.timeout = timeout
        self.maximumTokens = maximumTokens
    }

    /// Closes all connections.
    func close() async throws {
        try await http.shutdown()
    }

    /// The name of the server's first model.
    func modelID() async -> Result<String, FailureKind> {
        do {
            let response = try await http.execute(request("/v1/models"), timeout: .seconds(10))
            let body = Array(try await response.body.collect(upTo: Self.limits.error).readableBytesView)
            guard response.status == .ok else {
                return .failure(.http(status: Int(response.status.code), body: body))
            }
            guard case .object(let list) = try? JSONParser.parse(body), case .array(let models) = list["data"],
                case .object(let model) = models.first, case .string(let id) = model["id"]
            else { return .failure(.incomplete) }
            return .success(id)
        } catch {
            return .failure(Self.isLate(error) ? .timeout : .connect)
        }
    }

    /// Sends a request and follows its answer to the end, or until its time is over.
    func send(_ body: [UInt8]) async -> Result<RequestSample, FailureKind> {
        await withTaskGroup(of: Result<RequestSample, FailureKind>.self) { group in
            group.addTask { await exchange(body) }
            // The client's own timeout ends when the status comes, and streams go on from there.
            group.addTask {
                try? await Task.sleep(for: timeout)
                return .failure(.timeout)
            }
            let first = await group.next() ?? .failure(.incomplete)
            group.cancelAll()
            return first
        }
    }

    private func exchange(_ body: [UInt8]) async -> Result<RequestSample, FailureKind> {
        var request = request("/v1/chat/completions")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: body))
        let start = ContinuousClock.now
        let response: HTTPClientResponse
        do {
            response = try await http.execute(request, deadline: .now() + .seconds(Self.wholeSeconds(timeout) + 1))
        } catch {
            return .failure(Self.isLate(error) ? .timeout : .connect)
        }
        guard response.status == .ok else {
            let buffer = try? await response.body.collect(upTo: Self.limits.error)
            return .failure(
                .http(status: Int(response.status.code), body: buffer.map { Array($0.readableBytesView) } ?? [])
            )
        }
        return await follow(response.body, since: start)
    }

    private func follow(
        _ body: HTTPClientResponse.Body,
        since start: ContinuousClock.Instant,
    ) async -> Result<RequestSample, FailureKind> {
        var timeline = AnswerTimeline(maximumTokens: maximumTokens)
        var parser = EventStreamParser()
        var bytes = 0
        do {
            for try await buffer in body {
                // Events that come together have one time: when they could be read.
                let time = start.duration(to: .now).seconds
                bytes += buffer.readableBytes
                guard bytes <= Self.limits.stream else { return .failure(.incomplete) }
                for event in try parser.take(buffer.readableBytesView) { timeline.take(event, at: time) }
                // After its last event a stream is read to its end: it would look like a caller who hung up.
                if timeline.isFailed { break }
            }
        } catch {
            timeline.fail(.incomplete)
        }
        return timeline.sample
    }

    private func request(_ path: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url + path)
        if let key { request.headers.add(name: "authorization", value: "Bearer " + key) }
        return request
    }

    private static func isLate(_ error: any Error) -> Bool {
        let error = error as? HTTPClientError
        return error == .deadlineExceeded || error == .readTimeout || error == .writeTimeout
    }

    private static func wholeSeconds(_ duration: Duration) -> Int64 { duration.components.seconds }
}
