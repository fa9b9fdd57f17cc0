internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Shared

/// Everything that the router answers over HTTP, in one list.
struct QueryRoutes: Sendable {
    let chat: ChatRoute
    let modelName: String
    let created: Int
    let status: @Sendable () -> ClusterStatus
    let isServing: @Sendable () -> Bool
    let renderMetrics: @Sendable () -> String
    let control: ControlRoutes?

    func makeRouter() -> Hummingbird.Router<APIContext> {
        let routes = Hummingbird.Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        routes.add(middleware: RequestIdentity())
        routes.add(middleware: UnknownPath())
        routes.post("/v1/chat/completions") { request, context in try await chat(request, context: context) }
        routes.get("/v1/models") { _, _ in try models() }
        routes.get("/v1/models/:id") { _, context in try model(context.parameters.require("id")) }
        routes.get("/livez") { _, _ in Self.text("ok\n") }
        routes.get("/readyz") { _, _ in try readiness() }
        routes.get("/metrics") { _, _ in
            Self.text(renderMetrics(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        routes.get("/control/v1/nodes") { _, _ in try Self.json(NodeListing(status())) }
        control?.add(to: routes)
        return routes
    }

    private func models() throws -> Response {
        try Self.json(ModelListing(data: [ModelListing.Entry(id: modelName, created: created)]))
    }

    private func model(_ id: String) throws -> Response {
        guard id == modelName else {
            throw APIError(QueryError(.unknownModel, "This server has the model \"\(modelName)\" only."))
        }
        return try Self.json(ModelListing.Entry(id: modelName, created: created))
    }

    private func readiness() throws -> Response {
        let report = ReadinessReport(status(), isServing: isServing())
        return try Self.json(report, status: report.ready ? .ok : .serviceUnavailable)
    }

    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let data = try JSONEncoder.api.encode(value)
        return Response(
            status: status,
            headers: [.contentType: "application/json; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(bytes: data)),
        )
    }

    static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        Response(status: .ok, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

/// Gives paths and methods that nobody serves an error of the API's form.
private struct UnknownPath: RouterMiddleware {
    typealias Context = APIContext

    func handle(
        _ request: Request,
        context: APIContext,
        next: @concurrent (Request, APIContext) async throws -> Response,
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound || error.status == .methodNotAllowed {
            throw APIError(
                QueryError(
                    .notFound,
                    "Nothing is served at this path with this method; see POST /v1/chat/completions and GET /v1/models.",
                )
            )
        }
    }
}
