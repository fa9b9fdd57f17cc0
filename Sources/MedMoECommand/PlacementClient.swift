internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import Router

/// Asks a running router where experts are, and to change that.
struct PlacementClient: Sendable {
    let url: String
    let token: String?

    func experts() async throws -> ExpertListing { try await ask(.GET, "/control/v1/experts") }

    func placement() async throws -> PlacementReport { try await ask(.GET, "/control/v1/placement") }

    func plan(_ wishes: PlanWishes) async throws -> PlanReport {
        try await ask(.POST, "/control/v1/placement/plan", body: try JSONEncoder().encode(wishes))
    }

    func apply(_ document: Data, force: Bool) async throws -> AppliedReport {
        try await ask(.PUT, "/control/v1/placement" + (force ? "?force=true" : ""), body: document)
    }

    func drain(_ node: String, undo: Bool, force: Bool) async throws -> DrainReport {
        let path = "/control/v1/nodes/\(node)/\(undo ? "undrain" : "drain")"
        return try await ask(.POST, path + (force ? "?force=true" : ""), body: Data())
    }

    private func ask<Answer: Decodable>(_ method: HTTPMethod, _ path: String, body: Data? = nil) async throws -> Answer
    {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        let (status, data): (UInt, Data)
        do {
            let response = try await ControlClient.http.execute(request, timeout: .seconds(30))
            status = response.status.code
            data = Data(try await response.body.collect(upTo: 64 << 20).readableBytesView)
        } catch {
            throw AskError("No router answers at \(url) (\(error)); start one or give --url.")
        }
        guard status == 200 else {
            let words = (try? JSONDecoder().decode(Refusal.self, from: data))?.error.message
            throw AskError(words ?? "The router at \(url) answered with status \(status); it may be an older one.")
        }
        return try JSONDecoder().decode(Answer.self, from: data)
    }

    private struct Refusal: Decodable {
        struct Detail: Decodable {
            var message: String
        }

        var error: Detail
    }
}

/// The body of a question for a plan.
struct PlanWishes: Encodable {
    /// What the operator says of a node.
    struct Node: Encodable {
        var id: String
        var endpoint: String?
        var memoryBytes: Int?
        var cores: Int?

        enum CodingKeys: String, CodingKey {
            case id, endpoint, cores
            case memoryBytes = "memory_bytes"
        }
    }

    var replicas: Int?
    var hotShare: Double?
    var nodes: [Node]

    enum CodingKeys: String, CodingKey {
        case replicas, nodes
        case hotShare = "hot_share"
    }
}

/// Prints answers as JSON, all in one form.
enum PrettyJSON {
    static func data(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    static func print(_ value: some Encodable) throws {
        Swift.print(String(decoding: try data(value), as: UTF8.self))
    }
}
