internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import Router

/// Asks a running router about itself.
struct ControlClient: Sendable {
    static let shared = ControlClient()
    /// A client that says soon when nobody is there, instead of trying again until the time is over.
    static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration(timeout: .init(connect: .seconds(2)))
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Returns when a server that is starting in this process takes requests.
    func waitForReadiness(url: String) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            let answer = try? await Self.http.execute(
                HTTPClientRequest(url: url + "/readyz"),
                timeout: .seconds(10),
            )
            if let answer {
                _ = try? await answer.body.collect(upTo: 1 << 20)
                if answer.status == .ok { return }
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw AskError("The model was loaded, but its server was not ready within 60 seconds; try again.")
    }

    /// The nodes as the router at `url` sees them.
    func nodes(url: String) async throws -> NodeListing {
        let request = HTTPClientRequest(url: url + "/control/v1/nodes")
        let response = try await Self.http.execute(request, timeout: .seconds(5))
        let body = try await response.body.collect(upTo: 16 << 20)
        guard response.status == .ok else {
            throw AskError("The router at \(url) answered \(response.status.code) to the question for its nodes.")
        }
        return try JSONDecoder().decode(NodeListing.self, from: Data(body.readableBytesView))
    }
}
