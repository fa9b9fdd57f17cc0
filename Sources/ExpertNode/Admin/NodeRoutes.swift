internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Shared

/// What an expert node answers over HTTP: is it alive, can it compute, and its numbers.
struct NodeRoutes: Sendable {
    /// The body of `GET /readyz`.
    struct Readiness: Encodable {
        var ready: Bool
        var reason: String?
        var node: String
        var experts: [String: Expert]
    }

    /// An expert of `GET /readyz`.
    struct Expert: Encodable {
        /// `ready`, `loading`, `failed` or `leaving`.
        var state: String
        var reason: String?
        /// Milliseconds since it was last seen to compute what it should.
        var provedMillisecondsAgo: Int64?

        private enum CodingKeys: String, CodingKey {
            case state, reason
            case provedMillisecondsAgo = "proved_ms_ago"
        }

        init(_ expert: NodeState.Expert, now: ContinuousClock.Instant = .now) {
            switch expert.condition {
            case .ready: state = "ready"
            case .loading: state = "loading"
            case .failed(let words): (state, reason) = ("failed", words)
            case .leaving: state = "leaving"
            }
            provedMillisecondsAgo = expert.provedAt.map { max(0, Int64($0.duration(to: now) / .milliseconds(1))) }
        }
    }

    let node: NodeID
    let state: NodeState
    let renderMetrics: @Sendable () -> String

    func makeRouter() -> Router<BasicRequestContext> {
        let routes = Router()
        routes.get("/livez") { _, _ in Self.response(.ok, "ok\n") }
        routes.get("/readyz") { _, _ in try readiness() }
        routes.get("/metrics") { _, _ in
            Self.response(.ok, renderMetrics(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        return routes
    }

    private func readiness() throws -> Response {
        let reason = state.reasonNotReady
        let report = Readiness(
            ready: reason == nil,
            reason: reason,
            node: node.rawValue,
            experts: Dictionary(uniqueKeysWithValues: state.experts.map { ($0.key.description, Expert($0.value)) }),
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = String(decoding: try encoder.encode(report), as: UTF8.self)
        return Self.response(reason == nil ? .ok : .serviceUnavailable, body, type: "application/json; charset=utf-8")
    }

    private static func response(
        _ status: HTTPResponse.Status,
        _ text: String,
        type: String = "text/plain; charset=utf-8",
    ) -> Response {
        Response(status: status, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
