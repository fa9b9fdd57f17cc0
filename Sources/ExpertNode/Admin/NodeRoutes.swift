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
        var experts: [String: Bool]
    }

    let node: NodeID
    let experts: [ExpertID]
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
            experts: Dictionary(uniqueKeysWithValues: experts.map { ($0.description, reason == nil) }),
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
