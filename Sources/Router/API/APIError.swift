internal import Foundation
package import HTTPTypes
package import Hummingbird

/// The one place where inner errors become status codes, with bodies of the OpenAI form.
package struct APIError: HTTPResponseError, Sendable {
    /// The body: all four keys are always there.
    package struct Body: Encodable, Sendable {
        struct Detail: Encodable, Sendable {
            var message: String
            var type: String
            @NullEncodable var param: String?
            @NullEncodable var code: String?
        }

        var error: Detail
    }

    /// The status code.
    package let status: HTTPResponse.Status
    /// What the body says.
    package let body: Body
    /// Seconds after which it is worth trying again, for what passes by itself.
    package let retryAfter: Int?

    /// Whether the connection cannot be used again, for its request was not read to the end or its inbound side is used.
    var closesConnection = false

    /// What goes over the wire for an inner error.
    package init(_ error: QueryError) {
        let (status, type, code) = Self.mapping(error.code)
        self.status = status
        body = Body(
            error: .init(
                message: error.message,
                type: type,
                param: error.parameter,
                code: code,
            )
        )
        let passes = error.code == .queueFull || status == .serviceUnavailable
        retryAfter = error.retryAfter ?? (passes ? 1 : nil)
    }

    /// What goes over the wire for an error that does not concern a query.
    init(status: HTTPResponse.Status, type: String, code: String, message: String) {
        self.status = status
        body = Body(error: .init(message: message, type: type, param: nil, code: code))
        retryAfter = status == .serviceUnavailable ? 1 : nil
        closesConnection = true
    }

    /// Status, `type` and `code` of each kind of error.
    private static func mapping(_ code: QueryError.Code) -> (HTTPResponse.Status, type: String, code: String) {
        switch code {
        case .invalidRequest: (.badRequest, "invalid_request_error", "invalid_request")
        case .unknownModel: (.notFound, "not_found_error", "model_not_found")
        case .notFound: (.notFound, "not_found_error", "not_found")
        case .tooLarge: (.contentTooLarge, "invalid_request_error", "request_too_large")
        case .queueFull: (.tooManyRequests, "rate_limit_error", "queue_full")
        case .draining: (.serviceUnavailable, "unavailable_error", "draining")
        case .expertUnavailable: (.serviceUnavailable, "unavailable_error", "expert_unavailable")
        case .expertTimedOut: (.gatewayTimeout, "timeout_error", "expert_timed_out")
        case .deadlineExceeded: (.requestTimeout, "timeout_error", "deadline_exceeded")
        case .notReady: (.serviceUnavailable, "unavailable_error", "not_ready")
        case .internalError: (.internalServerError, "server_error", "internal_error")
        }
    }

    /// The `code` of an error, as metrics count it.
    static func name(of code: QueryError.Code) -> String { mapping(code).code }

    /// The error as Hummingbird sends it.
    package func response(from request: Request, context: some RequestContext) throws -> Response {
        var headers: HTTPFields = [.contentType: "application/json; charset=utf-8"]
        if let retryAfter { headers[.retryAfter] = String(retryAfter) }
        if closesConnection { headers[.connection] = "close" }
        let data = try JSONEncoder.api.encode(body)
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: data)))
    }
}

extension JSONEncoder {
    /// Keys in order, slashes as they are.
    static var api: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
