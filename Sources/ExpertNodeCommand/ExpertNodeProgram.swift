internal import ArgumentParser
internal import CommandSupport
internal import ExpertNode
internal import Kernels
internal import Logging
internal import Membership
internal import Model
internal import ServiceLifecycle
internal import Shared

/// `medmoe-expert`: one process that hosts experts.
struct ExpertNodeProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "medmoe-expert",
        abstract: "Hosts domain experts and meta experts of a Med-MoE checkpoint for routers.",
        discussion: """
            Reads only the tensors of the experts it hosts, listens for routers over
            ZeroMQ, and answers /livez, /readyz and /metrics over HTTP. SIGTERM finishes
            what is queued, then ends with exit code 0.

            Every setting can also come from the environment (--admin-port is
            MEDMOE_ADMIN_PORT) or from a JSON file with the same keys ({"admin-port":
            7001}); a flag wins over the environment, the environment over the file.

            EXAMPLES
              medmoe-expert --model models/medmoe-nano --node ct --experts '*.4'
              medmoe-expert --model models/medmoe-nano --node meta --experts '*.meta' \\
                  --listen tcp://0.0.0.0:7000 --key-file meta.key --allow-list allow.json
            """,
        version: SoftwareVersion.number,
    )

    @Option(help: "The checkpoint folder, or the part of one that `medmoe convert --only` wrote for this node.")
    var model: String?

    @Option(help: "This node's name, unique in the cluster.")
    var node: String?

    @Option(
        help: """
            Experts to host: layer.index or layer.meta, * for all; e.g. '*.4', '0.2,4.meta', 'all'. (default: those in \
            the folder, where it is a part of a checkpoint)
            """
    )
    var experts: String?

    @Option(help: "Where to listen for routers: tcp://HOST:PORT or ipc://PATH. (default: tcp://127.0.0.1:7000)")
    var listen: String?

    @Option(help: "The address of /livez, /readyz and /metrics. (default: 127.0.0.1)")
    var adminHost: String?

    @Option(help: "The port of /livez, /readyz and /metrics; 0 for none. (default: 7001)")
    var adminPort: Int?

    @Option(help: "Compute threads. (default: 1)")
    var threads: Int?

    @OptionGroup var compute: ComputeOptions

    @OptionGroup var waiting: SpinOptions

    @OptionGroup var keys: WireKeyOptions

    @Option(help: "MiB of rows that may wait before the node answers busy. (default: 256)")
    var queueMib: Int?

    @Option(help: "MiB that one message may have. (default: 64)")
    var maxMessageMib: Int?

    @Option(
        help:
            "Milliseconds between two proofs of an expert in a quiet node, one expert after another; 0 for none. (default: 2000)"
    )
    var canaryIntervalMs: Int?

    @Flag(help: "Let routers place experts here: load and give up experts as their placement says.")
    var acceptPlacement = false

    @Option(help: "MiB that the experts of --accept-placement may take. (default: any number)")
    var memoryMib: Int?

    @Option(help: "Milliseconds that queued rows get at shutdown. (default: 10000)")
    var drainMs: Int?

    @Option(help: "trace, debug, info, notice, warning, error or critical. (default: info)")
    var logLevel: String?

    @OptionGroup var registering: RegistrationOptions

    @Option(help: "A JSON file with the same keys.")
    var config: String?

    @Flag(help: "Shut down when standard input closes; for parents that start nodes.")
    var exitWithStdin = false

    func run() async throws {
        let (services, logger) = try prepare(try await Settings(file: config))
        try await ProgramRunner.run(services, followsStandardInput: exitWithStdin, logger: logger)
        logger.notice("The node has ended.")
    }

    /// Loads the experts and opens the sockets: everything that does not wait.
    private func prepare(_ settings: Settings) throws -> (services: [any Service], logger: Logger) {
        let level = settings.string("log-level", flag: logLevel)
        let logger = try ProgramRunner.makeLogger(label: "medmoe-expert", level: level)
        var configuration = try makeConfiguration(settings)
        let protection = try keys.resolve(settings, endpoints: [configuration.listen])
        let folder = try settings.required("model", flag: model)
        let mayChoose = ShardManifest.isIn(folder)
        let isPlaced = try settings.boolean("accept-placement", flag: acceptPlacement)
        guard isPlaced || configuration.memoryBytes == nil else {
            throw SettingsError("memory-mib bounds what --accept-placement loads; give that too, or neither.")
        }
        let place = try registering.place(settings)
        let selection =
            try mayChoose || isPlaced
            ? settings.string("experts", flag: experts) : settings.required("experts", flag: experts)

        let start = ContinuousClock.now
        let weights = try ModelWeights(folder: folder, dtype: compute.dtype(settings))
        configuration.dtype = weights.dtype
        try configuration.protect(by: protection, of: weights.configuration.moe)
        let chosen = try chooseExperts(selection, of: weights, isPlaced: isPlaced)
        let bank = try ExpertBank(loading: chosen, from: weights)
        try checkMemory(configuration.memoryBytes, taken: bank.byteCount)
        let promised = weights.promisedCanary
        let checksums = try bank.prove(on: ThreadPool(threads: configuration.threads), promised: promised)
        let service = try ExpertNodeService(
            configuration: configuration,
            experts: bank,
            checksums: checksums,
            loader: isPlaced ? ExpertLoader(weights: weights, promised: promised) : nil,
            modelHash: weights.layoutHash,
            hiddenSize: weights.configuration.hiddenSize,
            registry: PrometheusRegistry(),
            logger: logger,
        )
        logger.notice(
            "The node listens.",
            metadata: [
                "node.id": "\(configuration.node)",
                "endpoint": "\(service.endpoint)",
                "wire": "\(protection.keyFile == nil ? "plain" : "curve")",
                "experts": "\(bank.experts.map(\.description).joined(separator: ","))",
                "bytes": "\(bank.byteCount)",
                "numerics": "\(configuration.dtype.numerics)",
                "threads": "\(configuration.threads)",
                "load.ms": "\(start.duration(to: .now).milliseconds)",
            ],
        )
        let registration = try place.map { place in
            let experts = ExpertSelection(bank.experts, of: weights.configuration.moe).description
            return try place.register(
                configuration.node,
                listening: service.endpoint,
                experts: experts,
                key: configuration.publicKey,
                logger: logger,
            )
        }
        // First in the list is last to stop: the node is in the list until it has said goodbye.
        return ((registration.map { [$0] } ?? []) + service.services, logger)
    }

    /// A bound that would be overlooked is worse than none.
    private func checkMemory(_ limit: Int?, taken: Int) throws(SettingsError) {
        guard let limit, taken > limit else { return }
        throw SettingsError(
            "memory-mib has to hold the experts that the node starts with, which take \((taken >> 20) + 1) MiB; "
                + "\(limit >> 20) came. Give it more, or start with fewer --experts."
        )
    }

    /// The experts that the node starts with: those that it was told, or those of its folder; none if routers will say.
    private func chooseExperts(_ selection: String?, of weights: ModelWeights, isPlaced: Bool) throws -> [ExpertID] {
        if isPlaced, selection == nil || selection == "none" { return [] }
        return try selection.map { try weights.selectExperts($0) } ?? ownExperts(weights)
    }

    /// The experts of a folder that is a part of a checkpoint and says by itself which it holds.
    private func ownExperts(_ weights: ModelWeights) throws -> [ExpertID] {
        let here = weights.expertsHere
        guard !here.isEmpty, here.count < weights.configuration.moe.experts.count else {
            throw SettingsError(
                here.isEmpty
                    ? "the folder holds no expert's file; give this node a part with some (medmoe convert --only)."
                    : "the folder holds every expert; say with --experts which of them this node hosts ('all' for all)."
            )
        }
        return here
    }

    private func makeConfiguration(_ settings: Settings) throws(SettingsError) -> ExpertNodeService.Configuration {
        let name = try settings.required("node", flag: node)
        guard let nodeID = NodeID(validating: name) else {
            throw SettingsError("node has to be 1 to 128 letters, digits or . _ : -; another name came.")
        }
        let port = try settings.integer("admin-port", flag: adminPort, default: 7001, in: 0...65_535)
        var configuration = ExpertNodeService.Configuration(
            node: nodeID,
            listen: settings.string("listen", flag: listen) ?? "tcp://127.0.0.1:7000",
            adminHost: settings.string("admin-host", flag: adminHost) ?? "127.0.0.1",
            adminPort: port == 0 ? nil : port,
            threads: try settings.integer("threads", flag: threads, default: 1, in: 1...1024),
        )
        configuration.cores = try compute.cores(settings)
        configuration.spin = try waiting.spin(settings)
        configuration.queueBytes =
            try settings.integer("queue-mib", flag: queueMib, default: 256, in: 1...1_048_576) << 20
        configuration.maximumMessageBytes =
            try settings.integer("max-message-mib", flag: maxMessageMib, default: 64, in: 1...2048) << 20
        let interval = try settings.integer(
            "canary-interval-ms",
            flag: canaryIntervalMs,
            default: 2000,
            in: 0...86_400_000
        )
        configuration.canaryInterval = interval == 0 ? nil : .milliseconds(interval)
        let memory = try settings.integer("memory-mib", flag: memoryMib, default: 0, in: 0...1_073_741_824)
        configuration.memoryBytes = memory == 0 ? nil : memory << 20
        configuration.drainTimeout = try settings.milliseconds("drain-ms", flag: drainMs, default: .seconds(10))
        return configuration
    }
}
