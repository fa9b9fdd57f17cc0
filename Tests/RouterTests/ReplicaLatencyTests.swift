import Router
import TestKit
import Testing
import Transport

@Suite struct ReplicaLatencyTests {
    private static let (link, other) = (LinkID(rawValue: 1), LinkID(rawValue: 2))

    @Test("The 95th of 100 is that of the latest 64, sorted anew each time", arguments: [1, 3, 1000])
    func latest(distinct: UInt64) {
        var generator = SeededGenerator(seed: distinct)
        var latency = ReplicaLatency()
        var all: [Duration] = []
        for count in 1...200 {
            let duration = Duration.microseconds(Int64(generator.next() % distinct))
            all.append(duration)
            latency.record(Self.link, rows: 1, took: duration)
            let sorted = all.suffix(64).sorted()
            let expected = count < 8 ? nil : sorted[min(sorted.count - 1, sorted.count * 95 / 100)]
            #expect(latency.p95(Self.link, rows: 1) == expected, "\(count)")
        }
    }

    @Test("Links and sizes have times of their own, and a link that is gone has none")
    func apart() {
        var latency = ReplicaLatency()
        for _ in 0..<8 {
            latency.record(Self.link, rows: 1, took: .milliseconds(1))
            latency.record(Self.link, rows: 64, took: .milliseconds(9))
            latency.record(Self.other, rows: 1, took: .milliseconds(5))
        }
        #expect(latency.p95(Self.link, rows: 1) == .milliseconds(1))
        #expect(latency.p95(Self.link, rows: 100) == .milliseconds(9))
        #expect(latency.p95(Self.link, rows: 7) == nil)
        latency.forget(Self.link)
        #expect(latency.p95(Self.link, rows: 1) == nil)
        #expect(latency.p95(Self.other, rows: 1) == .milliseconds(5))
    }
}
