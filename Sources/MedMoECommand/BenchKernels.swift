internal import ArgumentParser
internal import Benchmarking
internal import Foundation
internal import Kernels
internal import Shared

/// `medmoe bench kernels`: the kernels, as shares of what this machine can do.
struct BenchKernels: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Measure the kernels and the peaks of this machine that they are shares of.",
        discussion: """
            Measures first what the CPU computes in registers and reads from memory, then
            linear layers of each dtype on 1 to 512 rows, attention, layer norm and SiLU.
            Nothing else should run meanwhile.

            --check FILE compares shares with the least values in FILE and ends with 1 if
            one is below.

            EXAMPLES
              medmoe bench kernels
              medmoe bench kernels --all --json
              medmoe bench kernels --check Benchmarks/thresholds.json
            """,
    )

    @Option(help: "Compute threads. (default: the number of cores)")
    var threads: Int?

    @Option(help: "Milliseconds that each figure is measured for, at least.")
    var window = 60

    @Flag(help: "Measure every instruction set that the CPU has, not only the best.")
    var all = false

    @Flag(help: "Print JSON.")
    var json = false

    @Option(help: "A JSON file of figures and their least shares.")
    var check: String?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads is 1 to 1024.") }
        guard (1...60_000).contains(window) else { throw ValidationError("--window is 1 to 60000; \(window) came.") }
    }

    func run() async throws {
        // A file that cannot be read is said before minutes of measuring.
        let thresholds = try check.map { try Self.thresholds($0) }
        let work = KernelBenchmark(
            threads: threads ?? ProcessInfo.processInfo.activeProcessorCount,
            window: .milliseconds(window),
            sets: all ? InstructionSet.available : [.best],
            dtypes: all ? ComputeDType.allCases : [.f32, .bf16, .int8],
            command: CommandText.line(CommandLine.arguments),
        )
        let report = try await ComputeThread.value(named: "bench") {
            var line = ProgressLine()
            defer { line.clear() }
            return work.run { line.show($0) }
        }
        print(json ? String(decoding: JSONText.bytes(report.json), as: UTF8.self) : report.text)
        guard let thresholds else { return }
        let outcome = try thresholds.check(report.shares)
        for name in outcome.notMeasured {
            FileHandle.standardError.write(
                Data("Not checked, as this CPU computes it otherwise or not at all: \(name)\n".utf8)
            )
        }
        guard outcome.below.isEmpty else {
            throw AskError("Figures fell below their thresholds: " + outcome.below.joined(separator: " "))
        }
        let count = thresholds.least.count - outcome.notMeasured.count
        FileHandle.standardError.write(Data("The check passed: \(count) figures.\n".utf8))
    }

    private static func thresholds(_ path: String) throws -> Thresholds {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw AskError("Expected a file of thresholds at \(path), it cannot be read.")
        }
        return try Thresholds(json: Array(bytes))
    }
}
