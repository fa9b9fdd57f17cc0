internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// Takes `x-request-id` and `traceparent` in and gives them back, and logs one line for each request, without content.
struct RequestIdentity: RouterMiddleware {
    typealias Context = APIContext

    func handle(
        _ request: Request,
        context: APIContext,
        next: @concurrent (Request, APIContext) async throws -> Response,
    ) async throws -> Response {
        var context = context
        if let given = request.headers["x-request-id"], Self.isSound(given) { context.requestID = given }
        context.logger[metadataKey: "request.id"] = "\(context.requestID)"
        let start = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as any HTTPResponseError {
            response = try error.response(from: request, context: context)
        }
        response.headers["x-request-id"] = context.requestID
        if let parent = request.headers["traceparent"], Self.isTraceParent(parent) {
            response.headers["traceparent"] = parent
        }
        context.logger.debug(
            "A request was answered.",
            metadata: [
                "http.route": "\(context.endpointPath ?? "none")",
                "http.status": "\(response.status.code)",
                "duration.ms": "\(start.duration(to: .now) / .milliseconds(1))",
            ],
        )
        return response
    }

    /// Ids end up in logs and headers: visible ASCII, at most 128 of it.
    private static func isSound(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// `00-<32 hex>-<16 hex>-<2 hex>`, the W3C form.
    private static func isTraceParent(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.utf8.count) == [2, 32, 16, 2] && parts.joined().allSatisfy(\.isHexDigit)
    }
}

extension HTTPFields {
    /// Reads or sets a header by a name that is no constant of the library.
    fileprivate subscript(name: String) -> String? {
        get { HTTPField.Name(name).flatMap { self[$0] } }
        set { if let name = HTTPField.Name(name) { self[name] = newValue } }
    }
}
