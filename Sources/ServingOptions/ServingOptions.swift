package import ArgumentParser
package import CommandSupport
internal import Foundation
internal import Imaging
package import Model
package import Router

/// The flags that every program with a query API has.
package struct ServingOptions: ParsableArguments {
    @Option(help: "The checkpoint folder.")
    package var model: String?

    @Option(help: "The address of the API. (default: 127.0.0.1)")
    package var host: String?

    @Option(help: "The port of the API. (default: 8080)")
    package var port: Int?

    @Option(help: "The name under which the model is served. (default: the folder's name)")
    package var servedName: String?

    @Option(help: "Compute threads. (default: the number of cores)")
    package var threads: Int?

    @OptionGroup package var compute: ComputeOptions

    @Option(help: "Requests that may wait; one more gets 429. (default: 64)")
    package var maxQueue: Int?

    @Option(help: "Requests that compute at once. (default: 16)")
    package var maxRunning: Int?

    @Option(help: "Rows of one step. (default: 1024)")
    package var maxRows: Int?

    @Option(help: "MiB that keys and values may take; a request that needs more is refused. (default: 4096)")
    package var kvCacheMib: Int?

    @Flag(help: "Do not keep what was computed for one prompt for others that begin the same way.")
    package var noPrefixCache = false

    @Option(help: "MiB of encoded pictures to keep, so that none is encoded twice in a row. (default: 64)")
    package var imageCacheMib: Int?

    @Option(help: "Milliseconds that the experts of one layer may take. (default: 5000)")
    package var expertTimeoutMs: Int?

    @Option(help: "Milliseconds that a request may take if it does not say. (default: 120000)")
    package var deadlineMs: Int?

    @Option(help: "MiB that a request body may have. (default: 128)")
    package var maxBodyMib: Int?

    @Option(help: "Megapixels that an image may have. (default: 64)")
    package var maxMegapixels: Int?

    @Option(
        help:
            "A file with the token that changes over the control API need. (default: none, changes from loopback only)"
    )
    package var controlTokenFile: String?

    @Option(help: "gpt2 or arcade: how the tokenizer cuts words. (default: what its files ask for)")
    package var tokenizerPattern: String?

    @Option(help: "trace, debug, info, notice, warning, error or critical. (default: info)")
    package var logLevel: String?

    @Option(help: "A JSON file with the same keys.")
    package var config: String?

    /// For the argument parser.
    package init() {}

    /// The checkpoint folder, from whichever source has it.
    package func modelFolder(_ settings: Settings, argument: String? = nil) throws(SettingsError) -> String {
        try settings.required("model", flag: argument ?? model)
    }

    /// The tokenizer's pattern; nil leaves it to the checkpoint.
    package func pattern(_ settings: Settings) throws(SettingsError) -> TokenizerPattern? {
        guard let name = settings.string("tokenizer-pattern", flag: tokenizerPattern) else { return nil }
        guard let pattern = TokenizerPattern(rawValue: name), TokenizerPattern.choices.contains(pattern) else {
            let names = TokenizerPattern.choices.map(\.rawValue).joined(separator: " or ")
            throw SettingsError("tokenizer-pattern has to be \(names); \"\(name)\" came.")
        }
        return pattern
    }

    /// The router's configuration.
    package func makeConfiguration(
        _ settings: Settings,
        folder: String,
    ) throws(SettingsError) -> RouterService.Configuration {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        var configuration = RouterService.Configuration(
            host: settings.string("host", flag: host) ?? "127.0.0.1",
            port: try settings.integer("port", flag: port, default: 8080, in: 0...65_535),
            modelName: settings.string("served-name", flag: servedName) ?? RouterLauncher.suggestedName(of: folder),
            threads: try settings.integer("threads", flag: threads, default: cores, in: 1...1024),
        )
        configuration.cores = try compute.cores(settings)
        configuration.engine.waitingSequences =
            try settings.integer("max-queue", flag: maxQueue, default: 64, in: 1...100_000)
        configuration.engine.scheduling.runningSequences =
            try settings.integer("max-running", flag: maxRunning, default: 16, in: 1...10_000)
        let running = configuration.engine.scheduling.runningSequences
        configuration.engine.scheduling.rowsPerStep =
            try settings.integer("max-rows", flag: maxRows, default: max(1024, running), in: 1...65_536)
        guard configuration.engine.scheduling.rowsPerStep >= running else {
            throw SettingsError("max-rows has to be at least max-running (\(running)): a row for each answer.")
        }
        configuration.cacheBytes =
            try settings.integer("kv-cache-mib", flag: kvCacheMib, default: 4096, in: 1...16_777_216) << 20
        let leavesPrefixes = try settings.boolean("no-prefix-cache", flag: noPrefixCache)
        configuration.engine.keepsPrefixes = !leavesPrefixes
        configuration.engine.imageCacheBytes =
            try settings.integer("image-cache-mib", flag: imageCacheMib, default: 64, in: 0...1_048_576) << 20
        configuration.engine.expertTimeout =
            try settings.milliseconds("expert-timeout-ms", flag: expertTimeoutMs, default: .seconds(5))
        configuration.query.defaultDeadline =
            try settings.milliseconds("deadline-ms", flag: deadlineMs, default: .seconds(120))
        configuration.maximumBodyBytes =
            try settings.integer("max-body-mib", flag: maxBodyMib, default: 128, in: 1...2048) << 20
        configuration.query.image.maximumPixels =
            try settings.integer("max-megapixels", flag: maxMegapixels, default: 64, in: 1...1000) * 1_000_000
        return configuration
    }
}
