internal import ArgumentParser
internal import Foundation
internal import Kernels
internal import Model
internal import Shared
internal import Synchronization
internal import UnixSignals

/// `medmoe convert SRC DST`: a checkpoint in other numbers or other files.
struct Convert: AsyncParsableCommand {
    /// Kinds of numbers to convert to.
    enum Numbers: String, ExpressibleByArgument, CaseIterable {
        case f32, f16, bf16, int8

        var dtype: TensorDType {
            switch self {
            case .f32: .f32
            case .f16: .f16
            case .bf16: .bf16
            case .int8: .i8
            }
        }
    }

    /// Ways to cut a checkpoint.
    enum Cut: String, ExpressibleByArgument, CaseIterable {
        case perExpert = "per-expert"
    }

    static let configuration = CommandConfiguration(
        abstract: "Write a checkpoint in other numbers, in a file for each expert, or a part of it.",
        discussion: """
            DST must not be there yet; it appears when all is written. Gates keep the
            numbers they have, so f16 to f32 and back gives the first bytes again.

            int8 stores linear layers in bytes with a scale for each output, rounded as
            --dtype int8 rounds them at loading: the same answers from half the bytes of 16
            bits. Such a checkpoint computes in int8 only, and becomes nothing else again.

            With --shards per-expert, DST has one file for each expert, router.safetensors
            for everything else, and medmoe-manifest.json with the hash of every expert.
            Any of these files together with config.json and the manifest are a folder
            that a node (or router) starts from; --only writes just such a part.

            EXAMPLES
              medmoe convert their-checkpoint small --dtype bf16
              medmoe convert their-checkpoint smallest --dtype int8
              medmoe convert their-checkpoint shards --shards per-expert
              medmoe convert their-checkpoint node-3 --shards per-expert --only '*.3'
              medmoe convert shards whole
            """,
    )

    @Argument(help: "The checkpoint folder.")
    var source: String

    @Argument(help: "The folder to write.")
    var destination: String

    @Option(help: "f32, f16, bf16 or int8. (default: the numbers that each tensor has)")
    var dtype: Numbers?

    @Option(help: "per-expert. (default: files of at most --max-shard-mb)")
    var shards: Cut?

    @Option(
        help: """
            With --shards per-expert, the parts to write: router, experts such as '*.3' or '0.2,4.meta', with commas \
            between them. (default: the router's and every expert's)
            """
    )
    var only: String?

    @Option(help: "Megabytes that a file may have without --shards.")
    var maxShardMb = 5000

    func validate() throws {
        guard only == nil || shards == .perExpert else {
            throw ValidationError("--only needs --shards per-expert: parts are told apart by their files.")
        }
        guard (1...1_000_000).contains(maxShardMb) else { throw ValidationError("--max-shard-mb is 1 to 1000000.") }
    }

    func run() async throws {
        let weights = try ModelWeights(folder: source)
        if let error = ModelInventory(weights.configuration).check(weights.checkpoint).error { throw error }
        let conversion = CheckpointConversion(
            of: weights.checkpoint,
            weights.configuration,
            dtype: dtype?.dtype,
            shards: shards == .perExpert ? .perExpert : .bySize(maxShardMb * 1_000_000),
            parts: try parts(weights),
        )
        let start = ContinuousClock.now
        let outcome = try await Self.untilSignal { [destination] stop in
            var line = ProgressLine()
            defer { line.clear() }
            return try conversion.write(to: destination) { (done, total) throws(CheckpointError) in
                if stop.isSet { throw CheckpointError(.unwritable, "stopped by a signal; nothing was written") }
                line.show("\(done * 100 / max(1, total)) % of \(ByteText.describe(total))")
            }
        }
        if shards == .perExpert { try await proveExperts() }
        let changed =
            outcome.changed == 0
            ? "all \(outcome.numbers) numbers as they were"
            : "\(outcome.changed) of \(outcome.numbers) numbers rounded"
        print(
            "\(destination): \(outcome.files) \(outcome.files == 1 ? "file" : "files") of weights, "
                + "\(ByteText.describe(outcome.bytes)), \(changed), \(start.duration(to: .now).milliseconds) ms"
        )
    }

    /// Adds to the manifest what the experts give for the canary's rows, so that a node knows it from the start.
    private func proveExperts() async throws {
        try await Self.untilSignal { [destination] stop in
            var line = ProgressLine()
            defer { line.clear() }
            try ModelWeights(folder: destination).writeCanary(on: ThreadPool(threads: 1)) {
                (done, total) throws(CheckpointError) in
                if stop.isSet {
                    throw CheckpointError(
                        .unwritable,
                        "stopped by a signal; the weights are written, their outputs' checksums are not"
                    )
                }
                line.show("\(done) of \(total) experts proved")
            }
        }
    }

    /// Runs `work` on a thread of its own; SIGTERM and SIGINT ask it to stop, so that it clears up behind itself.
    private static func untilSignal<Value: Sendable>(
        _ work: @escaping @Sendable (StopFlag) throws -> Value,
    ) async throws -> Value {
        let stop = StopFlag()
        // Trapped before the work begins: an early signal must not find something that nobody clears away.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let watch = Task { for await _ in signals { stop.set() } }
        defer { watch.cancel() }
        return try await ComputeThread.value(named: "convert") { try work(stop) }
    }

    private func parts(_ weights: ModelWeights) throws -> ConversionPlan.Parts {
        guard let only else {
            return ConversionPlan.Parts(router: true, experts: weights.configuration.moe.experts)
        }
        let words = only.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let experts = words.filter { $0 != "router" }
        guard words.contains("router") || experts.contains(where: { !$0.isEmpty }) else {
            throw ValidationError("--only names no part; expected router, experts such as '*.3', or both.")
        }
        return ConversionPlan.Parts(
            router: words.contains("router"),
            experts: experts.isEmpty ? [] : try weights.selectExperts(experts.joined(separator: ",")),
        )
    }
}

/// Whether somebody asked to stop.
private final class StopFlag: Sendable {
    private let flag = Mutex(false)
    var isSet: Bool { flag.withLock { $0 } }
    func set() { flag.withLock { $0 = true } }
}
