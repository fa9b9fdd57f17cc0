internal import Foundation
internal import Hummingbird
package import Imaging
package import Kernels
package import Logging
package import Model
package import ServiceLifecycle
package import Shared
internal import Synchronization
package import Transport

/// The composition root of the router process: model, experts behind the seam, engine, API.
package struct RouterService: Sendable {
    /// How a router is set up.
    package struct Configuration: Sendable {
        /// The address of the API.
        package var host: String
        /// The port of the API.
        package var port: Int
        /// The name under which the model is served.
        package var modelName: String
        /// The router's name towards nodes.
        package var routerName = "router"
        /// Compute threads.
        package var threads: Int
        /// The cores that they stay on; none for any.
        package var cores: [Int] = []
        /// What the model computes with.
        package var dtype = ComputeDType.f32
        /// Bounds of the engine.
        package var engine = InferenceEngine.Limits()
        /// Bytes of keys and values; nil for what the engine's bounds say in positions.
        package var cacheBytes: Int?
        /// Bounds on questions.
        package var query = QueryPreparer.Limits()
        /// Bytes of a request body.
        package var maximumBodyBytes = 128 << 20
        /// The intervals of the links.
        package var timing = LinkStateMachine.Timing()
        /// How long its compute thread, while nodes owe it answers, looks for them before it sleeps.
        package var spin = ZMQSocketOptions.usualSpin
        /// The longest frame on the wire.
        package var maximumMessageBytes = 64 << 20
        /// What rows are rounded to on the wire, both ways.
        package var wireDType = WireDType.float32
        /// Whether another replica is asked for what one is slow with.
        package var hedges = true
        /// Its keys and whom it trusts; nil for a plain wire.
        package var security: WireSecurity?
        /// Whether the wire may be plain towards other machines.
        package var permitsPlain = false
        /// What the control API knows and whom it obeys; nil for one that only shows the nodes.
        package var control: ControlSettings?

        /// Describes a router.
        package init(host: String, port: Int, modelName: String, threads: Int) {
            self.host = host
            self.port = port
            self.modelName = modelName
            self.threads = threads
        }
    }

    /// Where the experts are.
    package enum Experts: Sendable {
        /// In this process.
        case local(ExpertBank)
        /// On nodes at these endpoints and in the documents on the board, which have to serve what `ModelExpectation`
        /// says; but for those in `here`.
        case remote(
            endpoints: [String],
            ModelExpectation,
            here: ExpertBank? = nil,
            membership: DocumentBoard? = nil,
        )
    }

    /// What runs, in the order of starting; stopped backwards: HTTP closes first, the engine drains, sockets go last.
    package let services: [any Service]
    /// The engine, for those who ask without HTTP.
    package let engine: InferenceEngine
    /// The cluster as the router sees it now.
    package let status: @Sendable () -> ClusterStatus

    /// Sets a router up.
    ///
    /// - Throws: `TransportError` when an endpoint can never work.
    package init(
        configuration: Configuration,
        model: MedMoEModel,
        preprocessing: ImagePreprocessing,
        domains: DomainTable,
        experts: Experts,
        registry: PrometheusRegistry,
        logger: Logger,
    ) throws(TransportError) {
        RouterMetrics.describe(in: registry, numerics: configuration.dtype.numerics)
        let metrics = RouterMetrics(factory: registry)
        let board = StatusBoard()
        let drains = DrainBoard()
        let pool = ThreadPool(threads: configuration.threads, cores: configuration.cores)
        let plane = try Self.makePlane(
            experts,
            configuration: configuration,
            pool: pool,
            metrics: metrics,
            failures: Self.makeFailureLog(registry, logger),
            logger: logger,
            board: board,
            drains: drains,
        )
        let waker = plane.waker
        var limits = configuration.engine
        if let bytes = configuration.cacheBytes {
            limits.scheduling.cachePositions = bytes / model.language.cacheShape.bytesPerPosition
        }
        let engine = InferenceEngine(
            model: model,
            limits: limits,
            metrics: metrics,
            wake: { waker.wake() },
        )
        self.engine = engine
        status = { board.status }
        let compute = EngineService(engine: engine, confined: ThreadConfined((pool, plane)))
        let preparer = QueryPreparer(
            model: model,
            modelName: configuration.modelName,
            preprocessing: preprocessing,
            limits: configuration.query,
        )
        let routes = QueryRoutes(
            chat: ChatRoute(
                engine: engine,
                preparer: preparer,
                modelName: configuration.modelName,
                domains: domains,
                fingerprint: "medmoe-" + model.layoutHash.short,
                epoch: { board.status.epoch },
                metrics: metrics,
                maximumBodyBytes: configuration.maximumBodyBytes,
                gate: RequestGate(limits: .init(requests: configuration.engine.waitingSequences)),
            ),
            modelName: configuration.modelName,
            created: Int(Date().timeIntervalSince1970),
            status: { board.status },
            isServing: { engine.isServing },
            renderMetrics: { registry.render() },
            control: configuration.control.map { control in
                var control = control
                control.trust = configuration.security?.trust
                return ControlRoutes(
                    api: ControlAPI(
                        settings: control,
                        drains: drains,
                        status: { board.status },
                        rows: { metrics.routedRows },
                    ),
                    access: ControlAccess(token: control.token, host: configuration.host),
                )
            },
        )
        let api = Application(
            router: routes.makeRouter(),
            configuration: .init(
                address: .hostname(configuration.host, port: configuration.port),
                serverName: "medmoe",
            ),
            onServerRunning: { channel in
                let address = channel.localAddress.map { "\($0)" } ?? "unknown"
                logger.notice("The API is open.", metadata: ["address": "\(address)"])
            },
            logger: logger,
        )
        let watch = configuration.security.map { TrustWatch(trust: $0.trust, logger: logger) as any Service }
        let keeper = HeapKeeper { engine.load.waiting + engine.load.running > 0 }
        services = [compute, api, keeper] + (watch.map { [$0] } ?? [])
    }

    private static func makePlane(
        _ experts: Experts,
        configuration: Configuration,
        pool: ThreadPool,
        metrics: RouterMetrics,
        failures: WireFailureLog,
        logger: Logger,
        board: StatusBoard,
        drains: DrainBoard,
    ) throws(TransportError) -> any ExpertPlane {
        switch experts {
        case .local(let bank):
            let node = NodeID(configuration.routerName)
            board.publish(ClusterStatus(local: bank, node: node, numerics: configuration.dtype.numerics))
            return try LocalExpertPlane(executor: LocalExpertExecutor(experts: bank, pool: pool, node: node))
        case .remote(let endpoints, let expectation, let here, let membership):
            var options = ZMQSocketOptions()
            options.maximumMessageBytes = configuration.maximumMessageBytes
            options.spin = configuration.spin
            options.permitsPlain = configuration.permitsPlain
            let security = configuration.security
            let transport: ZMQExpertTransport
            do {
                let context = try ZMQContext()
                logger.info("ZeroMQ's I/O threads run.", metadata: ["urgency": "\(context.urgency.rawValue)"])
                transport = try ZMQExpertTransport(context: context, options: options, security: security)
            } catch let error as TransportError {
                throw error
            } catch {
                throw TransportError(.system, "\(error)")
            }
            var settings = RemoteExpertPlane.Settings(
                router: configuration.routerName,
                incarnation: UInt64.random(in: 1 ... .max),
                expectation: expectation,
                timing: configuration.timing,
                maximumMessageBytes: configuration.maximumMessageBytes,
                wireDType: configuration.wireDType,
            )
            settings.hedges = configuration.hedges
            settings.trust = security?.trust
            let plane = try RemoteExpertPlane(
                settings: settings,
                transport: transport,
                endpoints: endpoints,
                metrics: metrics,
                logger: logger,
                local: here.map { LocalExperts(experts: $0, pool: pool) },
                membership: membership,
                publish: { board.publish($0) },
            )
            plane.idle = { pool.park() }
            transport.report = { [weak plane] link, failure in
                failures.record(failure.rawValue, "A link to a node is refused: \(failure.aboutNode).")
                plane?.explain(link, failure.aboutNode)
            }
            plane.drains = drains
            return plane
        }
    }
}

/// Runs the engine on its thread until the graceful shutdown, then lets it finish what is inside.
struct EngineService: Service {
    let engine: InferenceEngine
    let confined: ThreadConfined<(pool: ThreadPool, plane: any ExpertPlane)>

    func run() async throws {
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await ComputeThread.run(named: "engine") {
                    engine.run(on: confined.value.pool, plane: confined.value.plane)
                }
            } onGracefulShutdown: {
                engine.drain()
            }
        } onCancel: {
            engine.stop()
        }
    }
}

/// The latest state of the cluster, written by the compute thread and read by everybody.
final class StatusBoard: Sendable {
    private let latest = Mutex(ClusterStatus())

    var status: ClusterStatus { latest.withLock { $0 } }

    func publish(_ status: ClusterStatus) { latest.withLock { $0 = status } }
}

extension ClusterStatus {
    /// The state of a process that holds all experts itself.
    init(local bank: ExpertBank, node: NodeID, numerics: String) {
        self.init(
            nodes: [
                Node(
                    endpoint: "local",
                    node: node,
                    state: "up",
                    reason: nil,
                    experts: bank.experts,
                    numerics: numerics,
                    software: SoftwareVersion.current,
                    progress: 0,
                    queuedRows: 0,
                    isDraining: false,
                )
            ],
            experts: Dictionary(uniqueKeysWithValues: bank.experts.map { ($0, [node]) }),
        )
    }
}
