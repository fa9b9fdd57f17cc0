import Foundation
import Testing

/// `medmoe bench serve` as people call it, against a real server.
@Suite(.serialized) struct BenchServeTests {
    static func report(_ run: Command) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any], "\(run.errors)")
    }

    /// The sum of a counter that the server has at `GET /metrics`.
    static func counter(_ name: String, _ http: HTTP) async throws -> Int {
        try await http.get("/metrics").text.split(separator: "\n").filter { $0.hasPrefix(name) }
            .reduce(0) { $0 + Int(Double($1.split(separator: " ").last ?? "") ?? 0) }
    }

    /// The mean and the percentiles of a latency, which are all there.
    static func latency(_ name: String, _ report: [String: Any]) throws -> [Double] {
        let values = try #require(report[name] as? [String: Any])
        return try ["mean", "p50", "p90", "p99"].map { try #require(values[$0] as? Double, "\(name).\($0)") }
    }

    @Test("Every request is answered and counted, the tokens are the server's, and the times fit together")
    func counts() async throws {
        try await TestCluster.withServer { http in
            let before = try await Self.counter("medmoe_generation_tokens_total", http)
            let run = try await Command.run(
                "medmoe",
                ["bench", "serve", "--url", http.base, "--requests", "12", "--concurrency", "4", "--json"]
            )
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.errors.isEmpty, "silent without a terminal: \(run.errors)")
            let report = try Self.report(run)
            let requests = try #require(report["requests"] as? [String: Int])
            #expect(requests == ["planned": 12, "done": 12, "failed": 0])
            #expect((report["failures"] as? [String: Int])?.isEmpty == true)
            #expect((report["preparation_failures"] as? [String: Int])?.isEmpty == true)

            let (prompt, completion) = (report["prompt_tokens"] as? Int ?? 0, report["completion_tokens"] as? Int ?? 0)
            #expect(completion == 12 * 64, "every answer has all its tokens")
            // Two probes of a token each came before.
            let generated = try await Self.counter("medmoe_generation_tokens_total", http) - before
            #expect(generated == completion + 2)
            #expect(abs(Double(prompt) / 12 - 128) < 13, "about as many prompt tokens as asked for: \(prompt)")

            let duration = try #require(report["duration_s"] as? Double)
            for (rate, count) in [
                ("requests_per_s", 12), ("output_tokens_per_s", completion),
                ("total_tokens_per_s", prompt + completion),
            ] {
                let value = try #require(report[rate] as? Double)
                #expect(abs(value * duration / Double(count) - 1) < 1e-9, "\(rate)")
            }
            let (first, end) = (try Self.latency("ttft_ms", report), try Self.latency("e2el_ms", report))
            for (first, end) in zip(first, end) { #expect(first > 0 && first <= end) }
            #expect(try Self.latency("tpot_ms", report)[0] * 63 <= end[0])
            // Tokens without text are no outputs: there may be fewer gaps than tokens.
            let gaps = (report["itl_ms"] as? [String: Any])?["n"] as? Int ?? 0
            #expect(gaps <= 12 * 63)
            // Four at once: the run takes a quarter of all times together, and never less.
            #expect(duration * 4000 >= end[0] * 12 * 0.999)
        }
    }

    @Test("Pictures, arrivals at a rate, warm-up, objectives and ends of the model's own go together")
    func everyOption() async throws {
        let picture = Checkout.root.appending(path: "Tests/Fixtures/phantoms/cone_wide.png").path
        try await TestCluster.withServer { http in
            let options = [
                "bench", "serve", "--url", http.base, "--requests", "6", "--rate", "50", "--seed", "5",
                "--output-tokens", "4", "--stop-at-end", "--image", picture, "--warmup", "2", "--goodput",
                "e2el:600000", "ttft:600000", "--percentiles", "50,99.9",
            ]
            let run = try await Command.run("medmoe", options + ["--json"])
            #expect(run.status == 0, "\(run.errors)")
            let report = try Self.report(run)
            #expect((report["load"] as? [String: Any])?["mode"] as? String == "open")
            let goodput = try #require(report["goodput"] as? [String: Any])
            #expect(goodput["good"] as? Int == 6)
            #expect(goodput["requests_per_s"] as? Double == report["requests_per_s"] as? Double)
            let keys = (report["ttft_ms"] as? [String: Any])?.keys.sorted()
            #expect(keys == ["mean", "n", "p50", "p99.9"])

            let table = try await Command.run("medmoe", options)
            #expect(table.status == 0, "\(table.errors)")
            for word in ["6 planned, 6 done, 0 failed", "TTFT", "E2EL", "P99.9", "goodput", "medmoe bench serve --url"]
            {
                #expect(table.output.contains(word), "\(word) in \(table.output)")
            }
        }
    }

    @Test("Where nobody listens every request fails by that kind, and the exit code is 1")
    func deadServer() async throws {
        let run = try await Command.run(
            "medmoe",
            ["bench", "serve", "--url", "http://127.0.0.1:1", "--requests", "5", "--json"]
        )
        #expect(run.status == 1)
        #expect(run.errors.contains("connect 5"), "\(run.errors)")
        let report = try Self.report(run)
        #expect(report["requests"] as? [String: Int] == ["planned": 5, "done": 0, "failed": 5])
        #expect(report["failures"] as? [String: Int] == ["connect": 5])
        #expect(report["ttft_ms"] is NSNull)
    }

    @Test("A request that the server refuses fails by its status and code")
    func refused() async throws {
        try await TestCluster.withServer(arguments: ["--max-queue", "1"]) { http in
            let run = try await Command.run(
                "medmoe",
                ["bench", "serve", "--url", http.base, "--requests", "40", "--rate", "inf", "--stop-at-end", "--json"]
            )
            #expect(run.status == 1)
            let report = try Self.report(run)
            let failures = try #require(report["failures"] as? [String: Int])
            #expect(failures.keys.sorted() == ["http_429/queue_full"])
            let requests = try #require(report["requests"] as? [String: Int])
            #expect((requests["done"] ?? 0) + (failures["http_429/queue_full"] ?? 0) == 40)
            #expect(run.errors.contains("http_429/queue_full"))
        }
    }

    @Test("Wrong words have the exit code 2")
    func wrongWords() async throws {
        for words in [
            ["--requests", "0"], ["--concurrency", "5000"], ["--rate", "0"], ["--rate", "1", "--concurrency", "2"],
            ["--goodput", "itl:5"], ["--goodput", "ttft:5", "ttft:6"], ["--percentiles", "101"], ["--url", "nowhere"],
        ] {
            let run = try await Command.run("medmoe", ["bench", "serve"] + words)
            #expect(run.status == 2, "\(words): \(run.output)\(run.errors)")
        }
    }
}
