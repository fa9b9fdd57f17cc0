import Foundation
import LocalCluster
import Model
import Shared

/// Starts real processes for a test, and ends them on every way out; logs of a failed test are kept and named.
enum TestCluster {
    /// A router with expert nodes.
    static func with<Value: Sendable>(
        nodes: Int? = nil,
        split: String = "index",
        model: String = Checkout.nano,
        parts: [String: String] = [:],
        routerArguments: [String] = [],
        waitForReadiness: Bool = true,
        adjust: (inout LocalCluster.Configuration) throws -> Void = { _ in },
        _ body: @Sendable (LocalCluster, HTTP) async throws -> Value,
    ) async throws -> Value {
        let moe = try ModelWeights(folder: model).configuration.moe
        let layout: PlacementLayout =
            split == "index"
            ? try .byIndex(moe, nodes: nodes) : try .byLayer(moe, nodes: nodes ?? moe.layers.count)
        let folder = try Checkout.temporaryFolder()
        guard let port = FreePort.find() else { throw HTTP.NotReady(message: "no free port") }
        var configuration = LocalCluster.Configuration(
            model: model,
            nodes: NodeSpec.list(layout, of: moe).map { spec in
                NodeSpec(id: spec.id, experts: spec.experts, model: parts[spec.id.rawValue])
            },
            programs: Checkout.programs,
            logs: folder.path + "/logs",
            sockets: LocalCluster.freshSocketFolder(),
            port: port,
            threads: 1
        )
        configuration.routerArguments = routerArguments
        try adjust(&configuration)
        let cluster = try LocalCluster(configuration)
        let http = HTTP(base: "http://127.0.0.1:\(port)")
        do {
            try cluster.start()
            if waitForReadiness { try await http.waitForReadiness() }
            let value = try await body(cluster, http)
            await cluster.stop()
            try? FileManager.default.removeItem(at: folder)
            return value
        } catch {
            await cluster.stop()
            print("The logs of the failed cluster are in \(folder.path)/logs")
            throw error
        }
    }

    /// `medmoe serve`, one process.
    static func withServer<Value: Sendable>(
        model: String = Checkout.nano,
        arguments: [String] = [],
        _ body: @Sendable (HTTP) async throws -> Value,
    ) async throws -> Value {
        let folder = try Checkout.temporaryFolder()
        guard let port = FreePort.find() else { throw HTTP.NotReady(message: "no free port") }
        let process = Process()
        process.executableURL = URL(filePath: Checkout.programs + "/medmoe")
        process.arguments = ["serve", model, "--port", String(port)] + arguments
        let log = folder.appending(path: "serve.log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        process.standardError = try FileHandle(forWritingTo: log)
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let http = HTTP(base: "http://127.0.0.1:\(port)")
        let outcome: Result<Value, any Error>
        do {
            try await http.waitForReadiness()
            outcome = .success(try await body(http))
        } catch {
            print("The log of the failed server is \(log.path)")
            outcome = .failure(error)
        }
        process.terminate()
        let deadline = ContinuousClock.now + .seconds(30)
        while process.isRunning, deadline > .now { try await Task.sleep(for: .milliseconds(10)) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        return try outcome.get()
    }
}
