/// Pauses between attempts: 0.1 s and twice as long each time, at most 5 s.
struct Backoff {
    private static let first = Duration.milliseconds(100)
    private var pause = Backoff.first

    mutating func next() -> Duration {
        defer { pause = min(pause * 2, .seconds(5)) }
        return pause
    }

    mutating func reset() { pause = Self.first }
}
