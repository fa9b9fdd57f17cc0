internal import Logging
internal import NIOPosix
internal import ServiceLifecycle
package import Shared
package import Transport

extension RouterService.Configuration {
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

extension RouterService {
    /// Counts and tells what the wire refuses.
    static func makeFailureLog(_ registry: PrometheusRegistry, _ logger: Logger) -> WireFailureLog {
        registry.describe(WireFailureLog.metric, help: WireFailureLog.help)
        let failures = WireFailureLog(factory: registry, logger: logger)
        failures.prepare(WireFailure.allCases.map(\.rawValue))
        return failures
    }
}

/// Follows the file of the allow-list, whose reading may take its time: not on the compute thread.
struct TrustWatch: Service {
    let trust: WireTrust
    let logger: Logger

    /// Looks once a second until the graceful shutdown.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: WireTrust.interval)
                try? await NIOThreadPool.singleton.runIfActive { look() }
            }
        }
    }

    private func look() {
        switch trust.refresh() {
        case .none: break
        case .changed: logger.notice("The allow-list changed and is in force.")
        case .rejected(let reason):
            logger.error("The allow-list is not taken, the former one stays.", metadata: ["error": "\(reason)"])
        }
    }
}
