import AsyncHTTPClient
import Foundation
import NIOCore

/// A small HTTP client for tests: JSON in, JSON out.
struct HTTP: Sendable {
    var base: String

    struct Answer: Sendable {
        var status: Int
        var headers: [String: String]
        var body: Data

        var text: String { String(decoding: body, as: UTF8.self) }
        var json: [String: Any] { (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:] }
        var error: [String: Any] { json["error"] as? [String: Any] ?? [:] }
        var errorMessage: String { error["message"] as? String ?? "" }
        var content: String {
            let choice = (json["choices"] as? [[String: Any]])?.first
            return (choice?["message"] as? [String: Any])?["content"] as? String ?? ""
        }
    }

    func get(_ path: String) async throws -> Answer {
        try await send(HTTPClientRequest(url: base + path))
    }

    func post(_ path: String, _ body: Data, headers: [String: String] = [:]) async throws -> Answer {
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(bytes: body))
        return try await send(request)
    }

    func post(_ path: String, json: [String: Any], headers: [String: String] = [:]) async throws -> Answer {
        try await post(path, try JSONSerialization.data(withJSONObject: json), headers: headers)
    }

    /// Asks one question, greedily.
    func ask(
        _ question: String,
        image: Data? = nil,
        mediaType: String = "image/jpeg",
        maximumTokens: Int = 32,
        extra: [String: Any] = [:],
    ) async throws -> Answer {
        var parts: [[String: Any]] = [["type": "text", "text": question]]
        if let image {
            let url = "data:\(mediaType);base64,\(image.base64EncodedString())"
            parts.insert(["type": "image_url", "image_url": ["url": url]], at: 0)
        }
        let body: [String: Any] = [
            "model": "medmoe-nano", "max_tokens": maximumTokens, "temperature": 0,
            "messages": [["role": "user", "content": parts]],
        ]
        return try await post("/v1/chat/completions", json: body.merging(extra) { _, new in new })
    }

    /// Waits until `GET /readyz` answers with the given status.
    func waitForReadiness(_ status: Int = 200, within limit: Duration = .seconds(60)) async throws {
        let deadline = ContinuousClock.now + limit
        var last = "no answer"
        while deadline > .now {
            if let answer = try? await get("/readyz") {
                if answer.status == status { return }
                last = answer.text
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw NotReady(message: "\(base)/readyz was not \(status) within \(limit): \(last)")
    }

    struct NotReady: Error {
        var message: String
    }

    private func send(_ request: HTTPClientRequest) async throws -> Answer {
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
        let body = try await response.body.collect(upTo: 256 << 20)
        var headers: [String: String] = [:]
        for header in response.headers { headers[header.name.lowercased()] = header.value }
        return Answer(status: Int(response.status.code), headers: headers, body: Data(body.readableBytesView))
    }
}
