internal import CommandSupport
internal import Foundation
internal import LocalCluster
internal import Logging
internal import Router
internal import Shared

/// A server in this process on a free port of the loopback interface, for a command that is given a checkpoint and no
/// address: it takes the same way as everybody else.
enum EmbeddedServer {
    /// Runs `work` against a server of the checkpoint in `folder`, once that is ready; then stops it.
    static func run(
        _ folder: String,
        _ work: @escaping @Sendable (_ url: String) async throws -> Void,
    ) async throws {
        guard let port = FreePort.find() else { throw AskError("No free port was found on the loopback interface.") }
        let logger = try ProgramRunner.makeLogger(label: "medmoe", level: "error")
        let launcher = try RouterLauncher(folder: folder)
        let service = try RouterService(
            configuration: .init(
                host: "127.0.0.1",
                port: port,
                modelName: launcher.suggestedName,
                threads: ProcessInfo.processInfo.activeProcessorCount,
            ),
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
