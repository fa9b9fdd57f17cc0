internal import Logging
internal import ServiceLifecycle
package import Shared
package import Transport

/// Says which routers are let in, on a thread of its own, and follows the allow-list's file.
///
/// Not on the compute thread, where a router that comes would wait for a batch of another's.
struct AdmissionService: Service {
    private let authenticator: ThreadConfined<ZAPAuthenticator>
    private let waker: Waker
    private let trust: WireTrust
    private let logger: Logger
    private let life = NodeState()

    /// Listens for the questions of a context from now on, and answers once it runs.
    init(trust: WireTrust, context: ZMQContext, logger: Logger) throws(TransportError) {
        let authenticator = try ZAPAuthenticator(context: context) { trust.router(key: $0) != nil }
        waker = authenticator.waker
        self.authenticator = ThreadConfined(authenticator)
        self.trust = trust
        self.logger = logger
    }

    /// Serves until the graceful shutdown.
    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await ComputeThread.run(named: "admission") { serve() }
        } onCancelOrGracefulShutdown: {
            life.startDraining()
            waker.wake()
        }
    }

    private func serve() {
        while !life.isDraining {
            do {
                try authenticator.value.serve(for: WireTrust.interval)
            } catch {
                logger.error("Nobody can be let in any more; restart the node.", metadata: ["error": "\(error)"])
                return
            }
            switch trust.refresh() {
            case .none: break
            case .changed: logger.notice("The allow-list changed and is in force.")
            case .rejected(let reason):
                logger.error("The allow-list is not taken, the former one stays.", metadata: ["error": "\(reason)"])
            }
        }
    }

    /// Counts and tells what the wire refuses.
    static func makeFailureLog(_ registry: PrometheusRegistry, _ logger: Logger) -> WireFailureLog {
        registry.describe(WireFailureLog.metric, help: WireFailureLog.help)
        let failures = WireFailureLog(factory: registry, logger: logger)
        failures.prepare(WireFailure.allCases.map(\.rawValue))
        return failures
    }
}

extension ExpertNodeService.Configuration {
    /// Takes the keys and the allow-list that the settings name, for the experts of a model.
    ///
    /// - Throws: `WireSecurityError`, with a sentence for people.
    package mutating func protect(
        by settings: WireSecuritySettings,
        of moe: MoEConfiguration,
    ) throws(WireSecurityError) {
        security = try WireSecurity.load(settings, of: moe)
        permitsPlain = settings.permitsPlain
    }
}
