internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import Router

/// Asks a running router about itself.
struct ControlClient: Sendable {
    static let shared = ControlClient()

    /// The nodes as the router at `url` sees them.
    func nodes(url: String) async throws -> NodeListing {
        let request = HTTPClientRequest(url: url + "/control/v1/nodes")
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(5))
        let body = try await response.body.collect(upTo: 16 << 20)
        guard response.status == .ok else {
            throw AskError("The router at \(url) answered \(response.status.code) to the question for its nodes.")
        }
        return try JSONDecoder().decode(NodeListing.self, from: Data(body.readableBytesView))
    }
}
