/// How fast queries have ended lately: what a caller who is turned away is told to wait.
///
/// A value without a clock: instants come in.
package struct CompletionPace: Sendable {
    /// Ends that are remembered.
    private static let window = 32
    /// Bounds of the advice, in seconds.
    private static let advice = 1...60

    private var ends: [ContinuousClock.Instant] = []

    /// Starts without knowledge.
    package init() {}

    /// A query ended, well or not.
    package mutating func note(_ instant: ContinuousClock.Instant) {
        if ends.count == Self.window { ends.removeFirst() }
        ends.append(instant)
    }

    /// Whole seconds, 1 to 60, until so many places will have come free if things go on as they did.
    ///
    /// The time since the last end counts as well: a server that has stood still for long is not about to be quick.
    package func seconds(untilFree places: Int, now: ContinuousClock.Instant) -> Int {
        guard let first = ends.first, ends.count > 1 else { return Self.advice.lowerBound }
        let pace = first.duration(to: now) / Double(ends.count - 1)
        let wait = pace * Double(max(1, places))
        let seconds = wait.components.seconds + (wait.components.attoseconds > 0 ? 1 : 0)
        return min(max(Self.advice.lowerBound, Int(clamping: seconds)), Self.advice.upperBound)
    }
}
