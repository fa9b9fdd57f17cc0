internal import ArgumentParser
internal import Benchmarking
internal import Foundation
internal import Shared

extension RequestRate: ExpressibleByArgument {}
extension GoodputObjective: ExpressibleByArgument {}

/// `medmoe bench serve`: requests to a server, and the times of its answers.
struct BenchServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Send requests to a server and measure its answers.",
        discussion: """
            Streams answers to random words. TTFT, TPOT, ITL, E2EL and goodput are those of
            `vllm bench serve`: time to the first token, time for each token after it, gaps
            between streamed outputs, time to the end, and requests a second that keep all
            objectives. docs/bench.md says how each is measured.

            If any request fails, the report says of which kind, and the exit code is 1.

            EXAMPLES
              medmoe bench serve --requests 200 --concurrency 4
              medmoe bench serve --rate 2.5 --image ct.png --goodput ttft:800 tpot:60
              medmoe bench serve --rate inf --requests 64 --output-tokens 16 --json
            """,
    )

    /// What `--shared-image-prefix` can be.
    enum SharedImagePrefix: String, ExpressibleByArgument {
        case none
    }

    @Option(help: "The server.")
    var url = "http://127.0.0.1:8080"

    @Option(help: "Requests to measure.")
    var requests = 100

    @Option(help: "Requests at once; the next is sent when one ends. (default: 8 without --rate)")
    var concurrency: Int?

    @Option(help: "Requests a second instead, at random times that do not wait for answers; inf: all at once.")
    var rate: RequestRate?

    @Option(help: "What prompts and arrival times are drawn from.")
    var seed: UInt64 = 0

    @Option(help: "Tokens of each prompt, about, template and picture included.")
    var promptTokens = 128

    @Option(help: "Tokens of each answer.")
    var outputTokens = 64

    @Flag(help: "Let answers end where the model ends them; without it every answer has all --output-tokens.")
    var stopAtEnd = false

    @Option(help: "An image file; may be given several times, each request has one of them in turn.")
    var image: [String] = []

    @Option(help: "Only none: no picture or text before the prompt is common to the requests.")
    var sharedImagePrefix = SharedImagePrefix.none

    @Option(help: "Requests before the measurement, at the same pace.")
    var warmup = 0

    @Option(
        parsing: .upToNextOption,
        help: "What a good request keeps, in milliseconds: any of ttft:MS tpot:MS e2el:MS."
    )
    var goodput: [GoodputObjective] = []

    @Option(help: "The percentiles to print, with commas between.")
    var percentiles = "50,90,99"

    @Option(help: "Seconds that one answer may take.")
    var timeout = 600

    @Option(help: "A key to send as bearer token; none: no key.")
    var apiKey = "none"

    @Flag(help: "Print the report as JSON.")
    var json = false

    /// Requests at once in a closed loop.
    var closedConcurrency: Int { concurrency ?? 8 }

    func validate() throws {
        func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw ValidationError("\(name) is \(range.lowerBound) to \(range.upperBound); \(value) came.")
            }
        }
        try check("--requests", requests, 1...1_000_000)
        try check("--concurrency", concurrency ?? 1, 1...BenchPlan.mostAtOnce)
        try check("--prompt-tokens", promptTokens, 1...32_768)
        try check("--output-tokens", outputTokens, 1...32_768)
        try check("--warmup", warmup, 0...1_000_000)
        try check("--timeout", timeout, 1...86_400)
        guard concurrency == nil || rate == nil else {
            throw ValidationError("Give --concurrency or --rate, not both.")
        }
        // Every gap between outputs is kept for its percentiles.
        guard requests * outputTokens <= 100_000_000 else {
            throw ValidationError(
                "--requests times --output-tokens is at most 100000000; \(requests * outputTokens) came."
            )
        }
        guard Percentile.list(percentiles) != nil else {
            throw ValidationError("--percentiles is 1 to 16 different numbers from 0 to 100, with commas between.")
        }
        guard Set(goodput.map(\.metric)).count == goodput.count else {
            throw ValidationError("--goodput takes one limit for each of ttft, tpot and e2el.")
        }
        let address = URL(string: url)
        guard address?.host != nil, ["http", "https"].contains(address?.scheme) else {
            throw ValidationError("--url is an address such as http://127.0.0.1:8080.")
        }
    }

    func run() async throws {
        let images = try BenchImages.read(image)
        let report = try await BenchRun(options: self, images: images).report()
        print(json ? String(decoding: JSONText.bytes(report.json), as: UTF8.self) : report.text)
        guard report.samples.failures.total > 0 || report.preparation.total > 0 else { return }
        throw AskError(
            "Expected an answer to each of \(requests) requests and to those before the measurement; "
                + "\(report.samples.failures.total) failed"
                + (report.samples.failures.total > 0 ? " (\(report.samples.failures.text))" : "")
                + (report.preparation.total > 0 ? ", before the measurement \(report.preparation.text)" : "")
                + ". See docs/bench.md for the kinds, and the server's log for its reasons.",
        )
    }
}
