internal import CommandSupport
internal import Foundation
internal import LocalCluster
internal import Logging
internal import Model
internal import Router
internal import Shared

/// A server in this process on a free port of the loopback interface, for a command that is given a checkpoint and no
/// address: it takes the same way as everybody else.
enum EmbeddedServer {
    /// Runs `work` against a server of the checkpoint in `folder`, once that is ready; then stops it.
    static func run(
        _ folder: String,
        compute: ComputeOptions,
        _ work: @escaping @Sendable (_ url: String) async throws -> Void,
    ) async throws {
        guard let port = FreePort.find() else { throw AskError("No free port was found on the loopback interface.") }
        let logger = try ProgramRunner.makeLogger(label: "medmoe", level: "error")
        let settings = try await Settings(file: nil)
        let launcher = try RouterLauncher(folder: folder, dtype: compute.dtype(settings))
        var configuration = RouterService.Configuration(
            host: "127.0.0.1",
            port: port,
            modelName: launcher.suggestedName,
            threads: ProcessInfo.processInfo.activeProcessorCount,
        )
        configuration.dtype = launcher.weights.dtype
        configuration.cores = try compute.cores(settings)
        let service = try RouterService(
            configuration: configuration,
            model: launcher.model,
            preprocessing: launcher.preprocessing,
            domains: launcher.domains,
            experts: .local(launcher.loadExperts()),
            registry: PrometheusRegistry(),
            logger: logger,
        )
        try await ProgramRunner.run(
            service.services,
            whileRunning: {
                let url = "http://127.0.0.1:\(port)"
                try await ControlClient.shared.waitForReadiness(url: url)
                try await work(url)
            },
            logger: logger
        )
    }
}
