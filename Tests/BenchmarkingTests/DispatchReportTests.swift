import Benchmarking
import Shared
import Testing

@Suite("Report of dispatches")
struct DispatchReportTests {
    static func report(_ ratios: [(dispatch: Double, bare: Double)]) throws -> DispatchReport {
        let setting = DispatchReport.Setting(
            command: "medmoe bench dispatch",
            machine: MachineDescription(cpuinfo: "model name : CPU", cores: 2),
            transport: "ipc",
            rows: 1,
            hiddenSize: 2048,
            bytes: (request: 70, reply: 80, tensor: 8192)
        )
        return try #require(
            DispatchReport(
                setting: setting,
                rounds: ratios.map {
                    .init(
                        dispatch: RoundTrips(p50: $0.dispatch, p99: 2 * $0.dispatch),
                        bare: RoundTrips(p50: $0.bare, p99: 3 * $0.bare)
                    )
                }
            )
        )
    }

    @Test("The middle of an even number of figures is the mean of two; without figures there is none")
    func spread() throws {
        let odd = try #require(Spread([3, 1, 2]))
        #expect((odd.median, odd.least, odd.most) == (2, 1, 3))
        #expect(Spread([4, 1, 2, 8])?.median == 3)
        #expect(Spread([5])?.median == 5)
        #expect(Spread([]) == nil)
    }

    @Test("Round trips are in microseconds, with percentiles between ranks")
    func roundTrips() throws {
        let trips = try #require(RoundTrips(nanoseconds: [40_000, 10_000, 20_000, 30_000]))
        #expect(trips.p50 == 25)
        #expect(abs(trips.p99 - 39.7) < 1e-9)
        #expect(RoundTrips(nanoseconds: []) == nil)
    }

    @Test("The ratio is of each round's own medians, and the bar itself passes")
    func ratio() throws {
        let report = try Self.report([(50, 40), (60, 40), (120, 100)])
        #expect(report.ratio == Spread([1.25, 1.5, 1.2]))
        #expect(report.passes)
        #expect(try Self.report([(130, 100)]).passes)
        #expect(try Self.report([(131, 100)]).passes == false)
    }

    @Test("The text has every round, the spread and the bytes")
    func text() throws {
        let lines = try Self.report([(50, 40), (60, 40)]).text.split(separator: "\n").map(String.init)
        #expect(lines[0] == "ROUND   DISPATCH P50  P99    FRAMES P50  P99    RATIO")
        #expect(lines[1] == "1       50.0          100.0  40.0        120.0  1.25")
        #expect(lines[3] == "median  55.0          110.0  40.0        120.0  1.38")
        #expect(lines[4] == "ratio 1.38, from 1.25 to 1.50; times in microseconds")
        #expect(lines[5] == "1 row of 2048 over ipc: frames of 70 and 8192 bytes there, 80 and 8192 back")
        #expect(lines[6] == "medmoe bench dispatch")
    }

    @Test("The JSON has the same figures, not rounded")
    func json() throws {
        guard case .object(let object) = try Self.report([(50, 40), (60, 40)]).json,
            case .object(let ratio) = object["ratio"], case .array(let rounds) = object["rounds"],
            case .object(let dispatch) = object["dispatch"]
        else {
            Issue.record("members are missing")
            return
        }
        #expect(ratio["median"] == .number(1.375))
        #expect((ratio["min"], ratio["max"]) == (.number(1.25), .number(1.5)))
        #expect(rounds.count == 2)
        #expect((dispatch["p50_us"], dispatch["p99_us"]) == (.number(55), .number(110)))
    }
}
