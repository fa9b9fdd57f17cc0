internal import Benchmarking
internal import Shared

/// Times one kind of work again and again.
struct Stopwatch: Sendable {
    /// How long it is repeated, at least.
    let window: Duration
    private static let leastCalls = 3

    /// Seconds of one call, the median; each call is told its number, so that it can take other memory than the last.
    func median(_ call: (Int) -> Void) -> Double {
        call(0)
        var seconds: [Double] = []
        let end = ContinuousClock.now + window
        repeat {
            let start = ContinuousClock.now
            call(seconds.count + 1)
            seconds.append(start.duration(to: .now).seconds)
        } while seconds.count < Self.leastCalls || .now < end
        return Spread(seconds)?.median ?? 0
    }
}
