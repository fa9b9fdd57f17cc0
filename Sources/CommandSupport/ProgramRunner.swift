internal import Foundation
package import Logging
package import ServiceLifecycle
internal import UnixSignals

/// Runs a program's services until a signal, the end of standard input, or the first failure.
package enum ProgramRunner {
    /// Runs `services` as one group, stopped backwards on SIGTERM and SIGINT.
    ///
    /// With `followsStandardInput`, the end of standard input counts as a signal.
    package static func run(_ services: [any Service], followsStandardInput: Bool, logger: Logger) async throws {
        var configurations = services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) }
        if followsStandardInput {
            configurations.append(
                .init(service: StandardInputWatch(), successTerminationBehavior: .gracefullyShutdownGroup)
            )
        }
        var configuration = ServiceGroupConfiguration(
            services: configurations,
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger,
        )
        configuration.maximumGracefulShutdownDuration = .seconds(35)
        try await ServiceGroup(configuration: configuration).run()
    }

    /// Runs `services` for as long as `work` takes, then stops them.
    package static func run(
        _ services: [any Service],
        whileRunning work: @escaping @Sendable () async throws -> Void,
        logger: Logger,
    ) async throws {
        let group = ServiceGroup(
            configuration: .init(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                let outcome = await Result { try await work() }
                await group.triggerGracefulShutdown()
                try outcome.get()
            }
            try await tasks.waitForAll()
        }
    }

    /// A logger that writes one line an event to standard error.
    package static func makeLogger(label: String, level: String?) throws(SettingsError) -> Logger {
        var logger = Logger(label: label, factory: { StreamLogHandler.standardError(label: $0) })
        guard let level else { return logger }
        guard let parsed = Logger.Level(rawValue: level) else {
            let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw SettingsError("log-level has to be one of \(names); \"\(level)\" came.")
        }
        logger.logLevel = parsed
        return logger
    }
}

extension Result where Failure == any Error {
    /// The outcome of asynchronous work.
    fileprivate init(_ work: () async throws -> Success) async {
        do { self = .success(try await work()) } catch { self = .failure(error) }
    }
}
