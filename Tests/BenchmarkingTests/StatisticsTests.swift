import Benchmarking
import Testing

@Suite("Figures")
struct StatisticsTests {
    @Test("Percentiles are those of numpy.percentile")
    func percentiles() throws {
        let values: [Float] = [1, 2, 4, 8]
        // Ranks 0, 0.75, 1.5, 2.7, 3.
        for (percent, expected) in [(0.0, 1.0), (25, 1.75), (50, 3), (90, 6.8), (100, 8)] {
            let value = try #require(Percentile.value(percent, ofSorted: values))
            #expect(abs(value - expected) < 1e-12, "\(percent)")
        }
        #expect(Percentile.value(99, ofSorted: [5]) == 5)
        #expect(Percentile.value(50, ofSorted: []) == nil)
    }

    @Test("Lists of percentiles are read, and refused when one is none")
    func percentileLists() {
        #expect(Percentile.list("50,90,99.9") == [50, 90, 99.9])
        #expect(Percentile.list("0,100") == [0, 100])
        for text in ["", "50,", "101", "-1", "50,50", "nan", "a", (0...16).map(String.init).joined(separator: ",")] {
            #expect(Percentile.list(text) == nil, "\(text)")
        }
        #expect([50, 99.9].map(Percentile.name) == ["p50", "p99.9"])
    }

    @Test("A summary has the mean and the percentiles of its times in milliseconds")
    func summary() throws {
        var samples = LatencySamples()
        #expect(samples.summary(percentiles: [50]) == nil)
        for seconds in [0.5, 0.125, 0.25] { samples.add(seconds: seconds) }
        let summary = try #require(samples.summary(percentiles: [50, 100]))
        #expect(summary.count == 3)
        #expect(abs(summary.mean - 875.0 / 3) < 1e-9)
        #expect(summary.percentiles.map(\.value) == [250, 500])
    }

    @Test("Objectives are read, and refused when unknown or without a limit above 0")
    func objectives() throws {
        let objective = try #require(GoodputObjective(argument: "ttft:12.5"))
        #expect(objective.metric == .ttft)
        #expect(objective.milliseconds == 12.5)
        for word in ["ttft", "ttft:", "ttft:0", "ttft:-1", "ttft:inf", "itl:5", "ttft:5:5", ""] {
            #expect(GoodputObjective(argument: word) == nil, "\(word)")
        }
    }

    static func sample(_ first: Double, _ end: Double, tokens: Int, gaps: [Double] = []) -> RequestSample {
        RequestSample(
            timeToFirstToken: first,
            gaps: gaps,
            endToEnd: end,
            usage: .init(promptTokens: 10, completionTokens: tokens)
        )
    }

    @Test("A good request keeps every objective, the limit itself included; one token has no time between tokens")
    func good() throws {
        let objectives = try ["ttft:500", "tpot:250", "e2el:2000"].map {
            try #require(GoodputObjective(argument: $0))
        }
        var samples = ServeSamples(objectives: objectives)
        samples.add(.success(Self.sample(0.5, 1.5, tokens: 5)))
        #expect(samples.good == 1)
        samples.add(.success(Self.sample(0.625, 1.5, tokens: 5)))
        samples.add(.success(Self.sample(0.5, 1.75, tokens: 5)))
        samples.add(.success(Self.sample(0.5, 2.125, tokens: 50)))
        samples.add(.failure(.timeout))
        #expect(samples.good == 1)
        samples.add(.success(Self.sample(0.5, 1.75, tokens: 1)))
        #expect(samples.good == 2)
        #expect(samples.done == 5)
        #expect(samples.count == 6)
        #expect(samples.promptTokens == 50)
        #expect(samples.completionTokens == 66)
    }

    @Test("Failures have the names of their kinds; a code that is no plain word is left out")
    func failures() {
        let body = Array(#"{"error":{"message":"m","code":"queue_full"}}"#.utf8)
        #expect(FailureKind.http(status: 429, body: body).name == "http_429/queue_full")
        for other in ["", "<html>", #"{"error":{"code":null}}"#, #"{"error":{"code":"a b"}}"#, #"{"error":"x"}"#] {
            #expect(FailureKind.http(status: 502, body: Array(other.utf8)).name == "http_502")
        }
        #expect(
            [FailureKind.connect, .streamError, .incomplete, .timeout].map(\.name)
                == ["connect", "stream_error", "incomplete", "timeout"]
        )
    }

    @Test("Failures are counted by kind, and a server that makes up codes fills no memory")
    func failureCounts() {
        var counts = FailureCounts()
        #expect(counts.text.isEmpty)
        for _ in 0..<2 { counts.add(.timeout) }
        counts.add(.connect)
        #expect(counts.text == "connect 1, timeout 2")
        var more = FailureCounts()
        more.add(.timeout)
        more.add(counts)
        #expect(more.text == "connect 1, timeout 3")
        for number in 0..<1000 { counts.add(.http(status: 500, code: "code_\(number)")) }
        #expect(counts.total == 1003)
        #expect(counts.byName.count <= 66)
    }
}
