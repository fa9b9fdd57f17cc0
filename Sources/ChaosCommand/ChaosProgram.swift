internal import ArgumentParser
internal import Chaos
internal import CommandSupport
internal import Foundation
internal import Shared

/// `medmoe-chaos`: breaks real clusters and looks at every answer meanwhile.
struct ChaosProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "medmoe-chaos",
        abstract: "Kills, stops, cuts and damages parts of real clusters under load, and checks every answer.",
        discussion: """
            Asks one process for the answers to a set of questions, then starts clusters of
            child processes on this machine and asks them the same while faults happen.
            Prints one table. Ends with 1 when an answer was wrong, a request hung, or a
            fault cost more than docs/chaos.md allows. What this machine cannot do (no
            root, no kernel module) is said in the table and fails nothing.

            EXAMPLES
              medmoe-chaos models/medmoe-nano --short
              medmoe-chaos models/medmoe-nano --only kill-replica --only drain
              medmoe-chaos models/medmoe-nano --only random --duration 3600 --seed 7
              medmoe-chaos models/medmoe-nano --only memory --requests 100000
            """,
        version: SoftwareVersion.number,
    )

    @Argument(help: "The checkpoint folder.")
    var model = "models/medmoe-nano"

    @Option(
        help: """
            Seconds of the random row; an eighth of it is the time of other faults, 2 to 20 s, and half of it that of etcd, \
            up to 5 min.
            """
    )
    var duration = 60

    @Option(help: "What questions, faults and their order are drawn from.")
    var seed: UInt64 = 1

    @Option(help: "Only this fault; may be given several times.")
    var only: [String] = []

    @Flag(help: "Only the faults that say most, in less than 90 s.")
    var short = false

    @Flag(help: "Name the faults and end.")
    var list = false

    @Option(help: "Questions of the rows that count them. (default: 1000, with --short 150)")
    var requests: Int?

    @Option(help: "Questions at once.")
    var concurrency = 4

    @Option(help: "Slow and vanishing clients.")
    var clients = 1000

    @Option(help: "The folder for logs; it is kept when something went wrong. (default: a new one for temporary files)")
    var logs: String?

    @Flag(help: "Print the report as JSON, on one line.")
    var json = false

    func validate() throws {
        func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw ValidationError("\(name) is \(range.lowerBound) to \(range.upperBound); \(value) came.")
            }
        }
        try check("--duration", duration, 1...1_000_000)
        try check("--requests", requests ?? 1, 1...100_000_000)
        try check("--concurrency", concurrency, 1...1024)
        try check("--clients", clients, 1...60_000)
        for name in only where !ChaosScenario.all.contains(where: { $0.name == name }) {
            throw ValidationError("--only takes the name of a fault, see --list; \"\(name)\" is none.")
        }
    }

    func run() async throws {
        guard !list else {
            print(TextTable.render(ChaosScenario.all.map { [$0.name, $0.isShort ? "short" : "", $0.summary] }))
            return
        }
        let scenarios = ChaosScenario.all.filter { scenario in
            guard only.isEmpty else { return only.contains(scenario.name) }
            return short ? scenario.isShort : scenario.name != "plain"
        }
        let folder = logs ?? FileManager.default.temporaryDirectory.appending(path: "medmoe-chaos-\(getpid())").path
        let setup = ChaosSetup(
            model: model,
            programs: programFolder,
            folder: folder,
            seed: seed,
            duration: .seconds(duration),
            requests: requests ?? (short ? 150 : 1000),
            concurrency: concurrency,
            clients: clients,
        )
        let report = try await ChaosRun.report(scenarios, setup: setup) { name in
            guard isatty(STDERR_FILENO) == 1 else { return }
            FileHandle.standardError.write(Data("trying: \(name)\n".utf8))
        }
        print(json ? String(decoding: JSONText.bytes(report.json), as: UTF8.self) : report.text)
        guard report.isGood else {
            FileHandle.standardError.write(Data("Not everything was good; the logs are in \(folder).\n".utf8))
            throw ExitCode(1)
        }
        if logs == nil { try? FileManager.default.removeItem(atPath: folder) }
    }

    /// Where this program and its siblings are.
    private var programFolder: String {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(filePath: own).deletingLastPathComponent().path
    }
}
