import Router
import Testing

@Suite struct CompletionPaceTests {
    private let start = ContinuousClock.now

    private func pace(every interval: Duration, ends: Int) -> CompletionPace {
        var pace = CompletionPace()
        for number in 0..<ends { pace.note(start + interval * number) }
        return pace
    }

    @Test("Who is turned away waits as long as the queries before took to make room")
    func pace() {
        let slow = pace(every: .seconds(3), ends: 5)
        #expect(slow.seconds(untilFree: 1, now: start + .seconds(12)) == 3)
        #expect(slow.seconds(untilFree: 4, now: start + .seconds(12)) == 12)
        #expect(pace(every: .milliseconds(10), ends: 40).seconds(untilFree: 16, now: start + .milliseconds(390)) == 1)
    }

    @Test("Without knowledge it is one second, and never more than a minute")
    func bounds() {
        #expect(CompletionPace().seconds(untilFree: 5, now: start) == 1)
        #expect(pace(every: .seconds(90), ends: 3).seconds(untilFree: 9, now: start + .seconds(180)) == 60)
    }

    @Test("A server that stands still is waited for longer, and old ends are forgotten")
    func standstill() {
        let pace = pace(every: .seconds(1), ends: 100)
        #expect(pace.seconds(untilFree: 1, now: start + .seconds(99)) == 1)
        #expect(pace.seconds(untilFree: 1, now: start + .seconds(99 + 124)) == 5)
    }
}
