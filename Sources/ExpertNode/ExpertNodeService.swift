internal import Foundation
internal import Hummingbird
package import Kernels
package import Logging
package import Model
package import ServiceLifecycle
package import Shared
package import Transport

/// The composition root of an expert node: experts, compute loop, socket and health endpoint.
package struct ExpertNodeService: Sendable {
    /// How a node is set up.
    package struct Configuration: Sendable {
        /// The node's name.
        package var node: NodeID
        /// Where it listens for routers, as `tcp://0.0.0.0:7000` or `ipc://…`.
        package var listen: String
        /// The address of the health endpoint.
        package var adminHost: String
        /// The port of the health endpoint; nil for none.
        package var adminPort: Int?
        /// Compute threads.
        package var threads: Int
        /// The cores that they stay on; none for any.
        package var cores: [Int] = []
        /// What the experts compute with.
        package var dtype = ComputeDType.f32
        /// Bytes of rows that may wait.
        package var queueBytes = 256 << 20
        /// How long its compute thread looks for messages before it sleeps.
        package var spin = ZMQSocketOptions.usualSpin
        /// The longest frame that it accepts.
        package var maximumMessageBytes = 64 << 20
        /// Time that queued rows get at shutdown.
        package var drainTimeout: Duration = .seconds(10)
        /// Time between two proofs of an expert in a quiet node; nil for none.
        package var canaryInterval: Duration? = .seconds(2)
        /// Bytes that experts may take when routers place them; nil for any number.
        package var memoryBytes: Int?
        /// Its keys and whom it trusts; nil for a plain wire.
        package var security: WireSecurity?
        /// Whether it may listen to other machines in plain.
        package var permitsPlain = false

        /// Describes a node.
        package init(node: NodeID, listen: String, adminHost: String, adminPort: Int?, threads: Int) {
            self.node = node
            self.listen = listen
            self.adminHost = adminHost
            self.adminPort = adminPort
            self.threads = threads
        }
    }

    /// What runs, in the order of starting; stopped backwards.
    package let services: [any Service]
    /// Where the node listens, with the port that it really has.
    package let endpoint: String

    /// Sets a node up over loaded experts of a model and opens its socket.
    ///
    /// `checksums` are those of the canary's outputs when the experts were loaded. With a `loader`, routers may place
    /// experts here.
    ///
    /// - Throws: `TransportError` when it cannot listen at the endpoint.
    package init(
        configuration: Configuration,
        experts: ExpertBank,
        checksums: [ExpertID: UInt32] = [:],
        loader: ExpertLoader? = nil,
        modelHash: WeightsHash,
        hiddenSize: Int,
        registry: PrometheusRegistry,
        logger: Logger,
    ) throws(TransportError) {
        var options = ZMQSocketOptions()
        options.maximumMessageBytes = configuration.maximumMessageBytes
        options.spin = configuration.spin
        options.permitsPlain = configuration.permitsPlain
        let listener: ZMQExpertListener
        let admission: AdmissionService?
        do {
            let context = try ZMQContext()
            logger.info("ZeroMQ's I/O threads run.", metadata: ["urgency": "\(context.urgency.rawValue)"])
            // Before the listener, so that nobody is let in unasked.
            admission = try configuration.security.map { security throws(TransportError) in
                try AdmissionService(trust: security.trust, context: context, logger: logger)
            }
            listener = try ZMQExpertListener(
                bind: configuration.listen,
                context: context,
                options: options,
                security: configuration.security,
            )
        } catch let error as TransportError {
            throw error
        } catch {
            throw TransportError(.system, "\(error)")
        }
        endpoint = listener.endpoint
        let failures = AdmissionService.makeFailureLog(registry, logger)
        listener.report = { failures.record($0.rawValue, $0.aboutRouter) }
        NodeMetrics.describe(in: registry, numerics: configuration.dtype.numerics)
        let state = NodeState()
        var settings = ExpertNodeCore.Settings(
            node: configuration.node,
            incarnation: UInt64.random(in: 1 ... .max),
            modelHash: modelHash,
            hiddenSize: hiddenSize,
            numerics: configuration.dtype.numerics,
            queueBytes: configuration.queueBytes,
            maximumMessageBytes: configuration.maximumMessageBytes,
        )
        settings.canaryInterval = configuration.canaryInterval
        settings.memoryBytes = configuration.memoryBytes
        let core = ExpertNodeCore(
            settings: settings,
            experts: experts,
            checksums: checksums,
            loader: loader,
            pool: ThreadPool(threads: configuration.threads, cores: configuration.cores),
            metrics: NodeMetrics(factory: registry),
        )
        let loop = ExpertNodeLoop(
            core: core,
            listener: listener,
            state: state,
            logger: logger,
            drainTimeout: configuration.drainTimeout,
        )
        let compute = ExpertNodeComputeService(loop: ThreadConfined(loop), state: state, waker: listener.waker)
        var services: [any Service] = admission.map { [$0] } ?? []
        // Before the compute loop, for the last in the list stops first and is waited for: the node says at once that it
        // drains, and does not wait for an expert that is being read.
        if let loader {
            loader.onFinish { [waker = listener.waker] in waker.wake() }
            services.append(loader)
        }
        services.append(compute)
        if let port = configuration.adminPort {
            let routes = NodeRoutes(
                node: configuration.node,
                state: state,
                renderMetrics: { registry.render() },
            )
            services.append(
                Application(
                    router: routes.makeRouter(),
                    configuration: .init(
                        address: .hostname(configuration.adminHost, port: port),
                        serverName: "medmoe-expert",
                    ),
                    logger: logger,
                )
            )
        }
        self.services = services
    }
}

/// Runs the compute loop on its thread until the graceful shutdown, then drains it.
struct ExpertNodeComputeService: Service {
    let loop: ThreadConfined<ExpertNodeLoop>
    let state: NodeState
    let waker: Waker

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await ComputeThread.run(named: "expert-node") { loop.value.run() }
        } onCancelOrGracefulShutdown: {
            state.startDraining()
            waker.wake()
        }
    }
}
