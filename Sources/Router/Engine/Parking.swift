internal import Shared

/// A sequence's wait for an expert: until somebody serves it, and then with growing pauses between tries.
///
/// A node that is there and too slow would otherwise take its time out of everybody's next step.
struct Parking {
    private static let shortest: Duration = .milliseconds(50)
    private static let longest: Duration = .seconds(5)

    /// The expert.
    let expert: ExpertID
    /// When to try again at the earliest.
    let until: ContinuousClock.Instant
    private let pause: Duration

    /// Waits for an expert after a try that failed; `former` is the wait before that try, if there was one.
    init(for expert: ExpertID, after former: Parking?, now: ContinuousClock.Instant) {
        self.expert = expert
        pause = former.map { min($0.pause * 2, Self.longest) } ?? Self.shortest
        until = now + pause
    }
}
