internal import ArgumentParser
internal import CommandSupport
internal import Foundation
internal import Kernels
internal import Logging
internal import Membership
internal import Model
internal import Router
internal import ServingOptions
internal import Shared

/// `medmoe-router`: the frontend process.
struct RouterProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "medmoe-router",
        abstract: "Serves a Med-MoE checkpoint behind the OpenAI API, with its experts on expert nodes.",
        discussion: """
            Runs the vision tower, attention and gates, sends token activations to the
            nodes over ZeroMQ, and adds their answers up. Start it before or after the
            nodes: it connects, and connects again, by itself. /readyz says which experts
            are served. SIGTERM takes no new requests, finishes those inside, and ends
            with exit code 0.

            Every setting can also come from the environment (--max-queue is
            MEDMOE_MAX_QUEUE) or from a JSON file with the same keys ({"max-queue": 64});
            a flag wins over the environment, the environment over the file.

            EXAMPLES
              medmoe-router --model models/medmoe-nano \\
                  --nodes tcp://10.0.0.2:7000,tcp://10.0.0.3:7000 --host 0.0.0.0 \\
                  --key-file router.key --allow-list allow.json
              medmoe-router --model models/medmoe-nano --membership file:placement.json
            """,
        version: SoftwareVersion.number,
    )

    @OptionGroup var serving: ServingOptions

    @OptionGroup var wire: WireOptions

    @OptionGroup var waiting: SpinOptions

    @OptionGroup var keys: WireKeyOptions

    @Option(help: "The expert nodes' endpoints, comma separated: tcp://HOST:PORT or ipc://PATH. Or --membership.")
    var nodes: String?

    @Option(
        help: """
            Where nodes that come and go are found, instead of --nodes: file:PATH (a placement, read again when it \
            changes), dns:NAME:PORT, or etcd:http://HOST:PORT[,http://HOST:PORT][/PREFIX].
            """
    )
    var membership: String?

    @Option(
        help: """
            node or router: where meta experts compute. In the router their rows do not travel, and it computes them \
            while the nodes compute theirs. (default: node)
            """
    )
    var meta: String?

    @OptionGroup var dispatch: DispatchOptions

    @Option(help: "This router's name towards the nodes. (default: router)")
    var name: String?

    @Flag(help: "Shut down when standard input closes; for parents that start routers.")
    var exitWithStdin = false

    private func metaIsHere(_ settings: Settings) throws(SettingsError) -> Bool {
        switch settings.string("meta", flag: meta) ?? "node" {
        case "node": return false
        case "router": return true
        case let other: throw SettingsError("meta has to be node or router; \"\(other)\" came.")
        }
    }

    func run() async throws {
        let settings = try await Settings(file: serving.config)
        let nodes = try NodesChoice(settings, nodes: nodes, membership: membership)
        let protection = try keys.resolve(settings, endpoints: nodes.endpoints)
        let logger = try ProgramRunner.makeLogger(
            label: "medmoe-router",
            level: settings.string("log-level", flag: serving.logLevel),
        )
        let folder = try serving.modelFolder(settings)
        var configuration = try serving.makeConfiguration(settings, folder: folder)
        configuration.wireDType = try wire.dtype(settings)
        configuration.spin = try waiting.spin(settings)
        let start = ContinuousClock.now
        let launcher = try RouterLauncher(
            folder: folder,
            pattern: try serving.pattern(settings),
            dtype: try serving.compute.dtype(settings),
        )
        configuration.dtype = launcher.weights.dtype
        try dispatch.apply(to: &configuration, settings, launcher: launcher)
        try configuration.protect(by: protection, of: launcher.weights.configuration.moe)
        configuration.routerName = settings.string("name", flag: name) ?? "router"
        let board = DocumentBoard()
        var control = try serving.control(settings, launcher: launcher)
        nodes.keep(&control, board: board)
        configuration.control = control
        let source = nodes.makeSource(of: launcher.weights.configuration.moe, board: board, logger: logger)
        try await source?.prepare()
        let service = try RouterService(
            configuration: configuration,
            model: launcher.model,
            preprocessing: launcher.preprocessing,
            domains: launcher.domains,
            experts: .remote(
                endpoints: nodes.endpoints,
                launcher.makeExpectation(),
                here: try metaIsHere(settings) ? launcher.loadMetaExperts() : nil,
                membership: source.map { _ in board },
            ),
            registry: PrometheusRegistry(),
            logger: logger,
        )
        logger.notice(
            "The router has loaded its model.",
            metadata: [
                "model": "\(configuration.modelName)",
                "layout": "\(launcher.weights.layoutHash.short)",
                "nodes": "\(nodes)",
                "wire": "\(protection.keyFile == nil ? "plain" : "curve")",
                "blas": "\(BLASLibrary.numerics)",
                "numerics": "\(configuration.dtype.numerics)",
                "threads": "\(configuration.threads)",
                "load.ms": "\(start.duration(to: .now).milliseconds)",
            ],
        )
        // First in the list is last to stop: the engine still follows changes while it drains.
        let services = (source.map { [$0] } ?? []) + service.services
        try await ProgramRunner.run(services, followsStandardInput: exitWithStdin, logger: logger)
        logger.notice("The router has ended.")
    }
}
