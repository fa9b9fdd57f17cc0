internal import ArgumentParser
internal import CommandSupport
internal import Kernels
internal import Logging
internal import Model
internal import Router
internal import ServingOptions
internal import Shared

/// `medmoe serve MODEL`: router and experts in one process.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve a checkpoint in one process.",
        discussion: """
            The API is the same as a cluster's: POST /v1/chat/completions, GET /v1/models,
            /livez, /readyz, /metrics.

            EXAMPLES
              medmoe serve models/medmoe-nano
              medmoe serve /data/med-moe-stablelm --port 9000 --served-name med-moe
            """,
    )

    @Argument(help: "The checkpoint folder; --model says the same.")
    var folder: String?

    @OptionGroup var serving: ServingOptions

    @Flag(help: "Shut down when standard input closes; for parents that start servers.")
    var exitWithStdin = false

    func run() async throws {
        let settings = try await Settings(file: serving.config)
        let folder = try serving.modelFolder(settings, argument: folder)
        let logger = try ProgramRunner.makeLogger(
            label: "medmoe",
            level: settings.string("log-level", flag: serving.logLevel),
        )
        var configuration = try serving.makeConfiguration(settings, folder: folder)
        let start = ContinuousClock.now
        let launcher = try RouterLauncher(
            folder: folder,
            pattern: try serving.pattern(settings),
            dtype: try serving.compute.dtype(settings),
        )
        configuration.dtype = launcher.weights.dtype
        configuration.routerName = "local"
        configuration.control = try serving.control(settings, launcher: launcher)
        let service = try RouterService(
            configuration: configuration,
            model: launcher.model,
            preprocessing: launcher.preprocessing,
            domains: launcher.domains,
            experts: .local(launcher.loadExperts()),
            registry: PrometheusRegistry(),
            logger: logger,
        )
        logger.notice(
            "The model is loaded.",
            metadata: [
                "model": "\(configuration.modelName)",
                "blas": "\(BLASLibrary.numerics)",
                "numerics": "\(configuration.dtype.numerics)",
                "threads": "\(configuration.threads)",
                "load.ms": "\(start.duration(to: .now).milliseconds)",
            ],
        )
        try await ProgramRunner.run(service.services, followsStandardInput: exitWithStdin, logger: logger)
    }
}
