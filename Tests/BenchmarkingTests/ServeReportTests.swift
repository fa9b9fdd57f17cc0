import Benchmarking
import Shared
import Testing

@Suite("Reports of bench serve")
struct ServeReportTests {
    static func report(
        _ outcomes: [Result<RequestSample, FailureKind>],
        load: ServeReport.Load = .closed(concurrency: 2),
        objectives: [String] = [],
        preparation: FailureCounts = .init(),
    ) -> ServeReport {
        var samples = ServeSamples(objectives: objectives.compactMap(GoodputObjective.init(argument:)))
        for outcome in outcomes { samples.add(outcome) }
        return ServeReport(
            setting: .init(
                command: "medmoe bench serve",
                machine: MachineDescription(cpuinfo: "model name\t: Some  CPU @ 2GHz\n", cores: 2),
                url: "http://h",
                model: "m",
                requests: outcomes.count,
                seed: .max,
                promptTokens: 10,
                promptWords: 6,
                outputTokens: 5,
                images: 0
            ),
            load: load,
            duration: 4,
            samples: samples,
            preparation: preparation,
            percentiles: [50, 99.9]
        )
    }

    static let two: [Result<RequestSample, FailureKind>] = [
        .success(StatisticsTests.sample(0.5, 1.5, tokens: 5, gaps: [0.25, 0.75])),
        .success(StatisticsTests.sample(1, 2.5, tokens: 3, gaps: [0.5])),
        .failure(.http(status: 503, code: "expert_unavailable")),
    ]

    @Test("JSON has every figure, computed over the duration")
    func json() {
        let text = String(
            decoding: JSONText.bytes(Self.report(Self.two, objectives: ["ttft:500", "tpot:300"]).json),
            as: UTF8.self
        )
        for part in [
            #""machine":{"cpu":"Some CPU @ 2GHz","cores":2}"#, #""load":{"mode":"closed","concurrency":2}"#,
            #""seed":"18446744073709551615""#, #""prompt":{"target_tokens":10,"words":6}"#,
            #""requests":{"planned":3,"done":2,"failed":1}"#, #""failures":{"http_503/expert_unavailable":1}"#,
            #""preparation_failures":{}"#, #""duration_s":4.0,"requests_per_s":0.5,"output_tokens_per_s":2.0"#,
            #""total_tokens_per_s":7.0,"prompt_tokens":20,"completion_tokens":8"#,
            #""ttft_ms":{"n":2,"mean":750.0,"p50":750.0,"p99.9":"#,
            // 1.0 / 4 and 1.5 / 2 seconds.
            #""tpot_ms":{"n":2,"mean":500.0,"p50":500.0,"#, #""itl_ms":{"n":3,"mean":500.0,"p50":500.0,"#,
            #""e2el_ms":{"n":2,"mean":2000.0,"p50":2000.0,"#,
            #""goodput":{"objectives":{"ttft_ms":500.0,"tpot_ms":300.0},"good":1,"requests_per_s":0.25}"#,
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
    }

    @Test("Without an answer there are no latencies, and without objectives no goodput")
    func nothing() {
        let report = Self.report([.failure(.connect), .failure(.connect)])
        let text = String(decoding: JSONText.bytes(report.json), as: UTF8.self)
        #expect(text.contains(#""failures":{"connect":2}"#))
        #expect(text.hasSuffix(#""ttft_ms":null,"tpot_ms":null,"itl_ms":null,"e2el_ms":null,"goodput":null}"#))
        #expect(report.text.contains("TTFT          0  -     -    -"))
        #expect(report.text.contains("2 planned, 0 done, 2 failed"))
    }

    @Test("Open loops say their rate and how late requests were sent")
    func open() {
        let poisson = Self.report(Self.two, load: .open(.poisson(perSecond: 2.5), mostDelay: 0.125))
        #expect(poisson.text.contains("open loop, 2.5 a second, sent at most 125.00 ms late"))
        let json = String(decoding: JSONText.bytes(poisson.json), as: UTF8.self)
        #expect(json.contains(#""load":{"mode":"open","requests_per_s":2.5,"max_send_delay_ms":125.0}"#))
        let all = Self.report(Self.two, load: .open(.unlimited, mostDelay: 0))
        #expect(String(decoding: JSONText.bytes(all.json), as: UTF8.self).contains(#""requests_per_s":"inf""#))
    }

    @Test("The report for people has the figures, the failures, the command and the machine")
    func text() {
        var before = FailureCounts()
        before.add(.timeout)
        let text = Self.report(Self.two, objectives: ["ttft:500"], preparation: before).text
        for part in [
            "3 planned, 2 done, 1 failed", "http_503/expert_unavailable 1", "timeout 1", "closed loop, 2 at once",
            "20, 10.00 a request (10 asked for)", "0.25 requests/s (1 of 2 keep ttft <= 500 ms)", "P99.9",
            "\nmedmoe bench serve\nSome CPU @ 2GHz, 2 cores; \(SoftwareVersion.current); m at http://h",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
    }

    @Test("A machine is known by its first processor, and one without a name is unknown")
    func machine() {
        let arm = MachineDescription(cpuinfo: "processor\t: 0\nBogoMIPS\t: 50\n", cores: 1)
        #expect(arm.text == "unknown, 1 core")
        let two = MachineDescription(cpuinfo: "model name\t: A: B\nmodel name\t: C\n", cores: 2)
        #expect(two.text == "A: B, 2 cores")
    }

    @Test("A command can be typed again, without its secrets")
    func command() {
        #expect(
            CommandText.line(["/opt/bin/medmoe", "bench", "--image", "my scan.png", "it's", "", "a*b"])
                == "medmoe bench --image 'my scan.png' 'it'\\''s' '' 'a*b'"
        )
        #expect(
            CommandText.line(["medmoe", "--api-key", "s3", "--api-key=s3", "-x"], secrets: ["--api-key"])
                == "medmoe --api-key *** --api-key=*** -x"
        )
    }
}
