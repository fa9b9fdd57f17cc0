internal import Logging
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
