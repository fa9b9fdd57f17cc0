internal import HTTPTypes
package import Hummingbird
internal import NIOCore
internal import ServiceLifecycle
internal import Shared

/// The control API over HTTP; whatever changes something goes through `ControlAccess` first.
package struct ControlRoutes: Sendable {
    private let api: ControlAPI
    private let access: ControlAccess

    /// Takes what is served and to whom.
    package init(api: ControlAPI, access: ControlAccess) {
        self.api = api
        self.access = access
    }

    /// Adds the routes to those of a server.
    package func add<Context: RequestContext>(to routes: Hummingbird.Router<Context>) {
        routes.get("/control/v1/placement") { _, _ in try await QueryRoutes.json(api.placement()) }
        routes.get("/control/v1/experts") { _, _ in try QueryRoutes.json(api.experts()) }
        // It changes nothing, and costs enough not to be for everybody.
        routes.post("/control/v1/placement/plan") { request, _ in
            try await answer {
                try access.check(request)
                return try await QueryRoutes.json(api.plan(body(of: request)))
            }
        }
        routes.put("/control/v1/placement") { request, _ in
            try await answer {
                try access.check(request)
                return try await QueryRoutes.json(api.apply(body(of: request), force: isForced(request)))
            }
        }
        for drains in [true, false] {
            routes.post("/control/v1/nodes/:id/\(drains ? "drain" : "undrain")") { request, context in
                let name = try context.parameters.require("id")
                return try await answer {
                    try access.check(request)
                    return try await QueryRoutes.json(api.drain(name, drains, force: isForced(request)))
                }
            }
        }
    }

    private func isForced(_ request: Request) -> Bool { request.uri.queryParameters["force"] == "true" }

    private func body(of request: Request) async throws -> [UInt8] {
        do {
            return try await cancelWhenGracefulShutdown {
                let buffer = try await request.body.collect(upTo: PlacementDocument.byteLimit)
                return Array(buffer.readableBytesView)
            }
        } catch is NIOTooManyBytesError {
            throw ControlError(.tooLarge, "A placement may have \(PlacementDocument.byteLimit) bytes; more came.")
        }
    }

    private func answer(_ work: () async throws -> Response) async throws -> Response {
        do {
            return try await work()
        } catch let error as ControlError {
            throw APIError(error)
        } catch let error as QueryError {
            throw APIError(error)
        }
    }
}
