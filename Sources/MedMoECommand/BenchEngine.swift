internal import ArgumentParser
internal import CommandSupport
internal import Foundation
internal import Kernels
internal import LocalCluster
internal import Model
internal import Router
internal import ServingOptions
internal import Shared
internal import Transport

/// `medmoe bench engine MODEL`: prompt and decode speed of one sequence, without HTTP.
struct BenchEngine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "Measure prefill and decode of one sequence, in one process or through expert nodes.",
        discussion: """
            Feeds random token ids: --prefill of them in one pass, then --decode tokens one
            by one after --context others. Every round measures both; the figures are the
            medians of the rounds, and all of them with --json.

            EXAMPLES
              medmoe bench engine models/medmoe-nano
              medmoe bench engine /data/med-moe --dtype bf16 --prefill 640 --cluster
            """,
    )

    @Argument(help: "The checkpoint folder.")
    var model: String

    @OptionGroup var compute: ComputeOptions

    @Option(help: "Compute threads. (default: the number of cores)")
    var threads: Int?

    @Option(help: "Rows of the prompt pass.")
    var prefill = 512

    @Option(help: "Tokens to decode.")
    var decode = 64

    @Option(help: "Positions that stand in the cache before the first decoded token.")
    var context = 128

    @Option(help: "Rounds.")
    var rounds = 3

    @Flag(help: "Run the experts in expert-node processes.")
    var cluster = false

    @OptionGroup var layout: LayoutOptions

    @OptionGroup var wire: WireOptions

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (0...65_536).contains(prefill), (0...65_536).contains(decode), (0...65_536).contains(context) else {
            throw ValidationError("--prefill, --decode and --context are 0 to 65536.")
        }
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds is 1 to 1000; \(rounds) came.") }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is 1 to 1024.") }
    }

    func run() async throws {
        let settings = try await Settings(file: nil)
        let cores = try compute.cores(settings)
        let wireDType = try wire.dtype(settings)
        let launcher = try RouterLauncher(folder: model, dtype: compute.dtype(settings))
        let count = threads ?? ProcessInfo.processInfo.activeProcessorCount
        let work = EngineBenchmark(prefill: prefill, decode: decode, context: context, rounds: rounds)
        let report: EngineBenchmark.Report
        if cluster {
            let run = try LayerCluster(model: model, layout: layout, launcher: launcher, wireDType: wireDType)
            report = try await run.with(threads: count) { plane, pool in
                try work.run(launcher.model, plane: plane, pool: pool)
            }
        } else {
            let bank = try launcher.loadExperts()
            report = try await ComputeThread.value(named: "bench") {
                let pool = ThreadPool(threads: count, cores: cores)
                pool.adoptCaller()
                let executor = LocalExpertExecutor(experts: bank, pool: pool, node: NodeID("local"))
                return try work.run(launcher.model, plane: LocalExpertPlane(executor: executor), pool: pool)
            }
        }
        if json {
            print(try report.json)
        } else {
            print(report.text)
        }
    }
}
