internal import ArgumentParser
internal import Benchmarking
internal import CommandSupport
internal import Foundation
internal import Router
internal import Shared
internal import Transport

/// `medmoe bench dispatch`: what router and expert node add to the network between them.
struct BenchDispatch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dispatch",
        abstract: "Measure the round trip of rows to an expert node, beside that of bare ZeroMQ frames.",
        discussion: """
            Starts a node process whose expert gives its rows back, so that no arithmetic
            counts. Every round measures dispatches through the code of router and node, and
            two frames of the same sizes there and back without it, between the same two
            processes. The ratio is of their medians in one round.

            EXAMPLES
              medmoe bench dispatch
              medmoe bench dispatch --rows 16 --transport tcp --json
            """,
    )

    /// What is between the processes.
    enum Transport: String, ExpressibleByArgument, CaseIterable {
        case ipc
        case tcp
    }

    @Option(help: "Rows of each dispatch.")
    var rows = 1

    @Option(help: "Numbers of a row.")
    var hidden = 2048

    @Option(help: "ipc or tcp (on the loopback interface).")
    var transport = Transport.ipc

    @Option(help: "Rounds, each of both kinds.")
    var rounds = 5

    @Option(help: "Round trips of each kind in a round.")
    var count = 2000

    @OptionGroup var waiting: SpinOptions

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "Say whether the ratio is at most 1.3, and end with 1 if not.")
    var check = false

    func validate() throws {
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds is 1 to 1000; \(rounds) came.") }
        guard (1...1_000_000).contains(count) else { throw ValidationError("--count is 1 to 1000000; \(count) came.") }
        guard (1...8192).contains(rows), (1...65_536).contains(hidden), rows * hidden * 4 <= 64 << 20 else {
            throw ValidationError("--rows is 1 to 8192 and --hidden 1 to 65536, in all at most 64 MiB of float32.")
        }
    }

    func run() async throws {
        let spin = try waiting.spin(await Settings(file: nil))
        let process = try EchoProcess(transport: transport, rows: rows, hiddenSize: hidden, spin: spin)
        let measured: [DispatchReport.Round]
        do {
            measured = try await measure(process, spin: spin)
        } catch {
            let log = process.log
            await process.stop()
            throw log.isEmpty ? error : AskError("\(error) The node's log ends with: \(log)")
        }
        await process.stop()
        let setting = DispatchReport.Setting(
            command: CommandText.line(CommandLine.arguments),
            machine: .current,
            transport: transport.rawValue,
            rows: rows,
            hiddenSize: hidden,
            bytes: (process.headerBytes.request, process.headerBytes.reply, rows * hidden * 4),
        )
        guard let report = DispatchReport(setting: setting, rounds: measured) else { return }
        print(json ? String(decoding: JSONText.bytes(report.json), as: UTF8.self) : report.text)
        guard check else { return }
        let words = String(format: "ratio %.2f, at most %.2f", report.ratio.median, DispatchReport.bar)
        guard report.passes else { throw AskError("Expected a \(words) was demanded; the check failed.") }
        FileHandle.standardError.write(Data("The check passed: \(words) was demanded.\n".utf8))
    }

    private func measure(_ process: EchoProcess, spin: Duration) async throws -> [DispatchReport.Round] {
        let (node, probe) = process.endpoints
        let (rounds, hidden) = (rounds, hidden)
        let work = DispatchBenchmark(
            rows: rows,
            hiddenSize: hidden,
            rounds: rounds,
            count: count,
            headerBytes: process.headerBytes.request,
        )
        return try await ComputeThread.value(named: "dispatch") {
            let plane = try TracePlane.connect(
                [node],
                expectation: EchoModel.expectation(hiddenSize: hidden),
                wireDType: .float32,
                patience: .seconds(30),
                spin: spin,
            )
            var line = ProgressLine()
            defer { line.clear() }
            return try work.run(plane: plane, probe: probe) { line.show("round \($0 + 1) of \(rounds)") }
        }
    }
}
