import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Model
import NIOEmbedded
import Router
import Shared
import Testing

@Suite("API errors")
struct APIErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var code: QueryError.Code
        var status: Int
        var type: String
        var name: String
        var retries = false
        var testDescription: String { name }
    }

    static let cases = [
        Case(code: .invalidRequest, status: 400, type: "invalid_request_error", name: "invalid_request"),
        Case(code: .unknownModel, status: 404, type: "not_found_error", name: "model_not_found"),
        Case(code: .notFound, status: 404, type: "not_found_error", name: "not_found"),
        Case(code: .tooLarge, status: 413, type: "invalid_request_error", name: "request_too_large"),
        Case(code: .queueFull, status: 429, type: "rate_limit_error", name: "queue_full", retries: true),
        Case(code: .draining, status: 503, type: "unavailable_error", name: "draining", retries: true),
        Case(
            code: .expertUnavailable,
            status: 503,
            type: "unavailable_error",
            name: "expert_unavailable",
            retries: true
        ),
        Case(code: .expertTimedOut, status: 504, type: "timeout_error", name: "expert_timed_out"),
        Case(code: .deadlineExceeded, status: 408, type: "timeout_error", name: "deadline_exceeded"),
        Case(code: .notReady, status: 503, type: "unavailable_error", name: "not_ready", retries: true),
        Case(code: .internalError, status: 500, type: "server_error", name: "internal_error"),
    ]

    @Test("Each inner error has its status, its type and its code", arguments: cases)
    func mapping(item: Case) throws {
        let error = APIError(QueryError(item.code, "A sentence.", parameter: "messages[0]"))
        #expect(error.status.code == item.status)
        #expect((error.retryAfter != nil) == item.retries)
        let detail = try Self.detail(error)
        #expect(detail["type"] as? String == item.type)
        #expect(detail["code"] as? String == item.name)
        #expect(detail["message"] as? String == "A sentence.")
        #expect(detail["param"] as? String == "messages[0]")
    }

    @Test("All four keys are there, null where there is nothing to say")
    func keys() throws {
        let detail = try Self.detail(APIError(QueryError(.internalError, "A sentence.")))
        #expect(Set(detail.keys) == ["message", "type", "param", "code"])
        #expect(detail["param"] is NSNull)
    }

    @Test("The response is JSON, and says when to try again only where that helps", arguments: cases)
    func response(item: Case) throws {
        let request = Request(
            head: HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/"),
            body: RequestBody(buffer: ByteBuffer()),
        )
        let channel = EmbeddedChannel()
        defer { _ = try? channel.finish() }
        let context = BasicRequestContext(source: .init(channel: channel, logger: Logger(label: "test")))
        let response = try APIError(QueryError(item.code, "A sentence.")).response(from: request, context: context)
        #expect(response.status.code == item.status)
        #expect(response.headers[.contentType] == "application/json; charset=utf-8")
        #expect(response.headers[.retryAfter] == (item.retries ? "1" : nil))
    }

    @Test("An expert that failed is unavailable or timed out, in its own words")
    func expertFailures() {
        let table: [(ExpertFailure.Code, QueryError.Code)] = [
            (.unavailable, .expertUnavailable), (.refused, .expertUnavailable), (.timedOut, .expertTimedOut),
        ]
        for (code, expected) in table {
            let expert = ExpertID(layer: 4, slot: .routed(2))
            let error = QueryError(ExpertFailure(expert: expert, code: code, message: "Expert 4.2 is not available."))
            #expect(error == QueryError(expected, "Expert 4.2 is not available."))
        }
    }

    static func detail(_ error: APIError) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(error.body))
        let body = try #require(object as? [String: Any])
        #expect(Set(body.keys) == ["error"])
        return try #require(body["error"] as? [String: Any])
    }
}
