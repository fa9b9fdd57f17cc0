/// When a second replica is asked for what the first is slow with, and how often that may happen.
///
/// Each dispatch earns a little, each hedge costs one: a cluster that is slow as a whole is not asked twice for all.
package struct HedgeBudget: Sendable {
    /// Earned by each dispatch.
    private static let share = 0.05
    /// The most that is saved up.
    private static let most = 10.0
    /// Sooner than this nobody is taken for slow: a moment without a core is no reason.
    private static let soonest: Duration = .milliseconds(50)
    /// Patience with a node of which too little is known.
    private static let unknown: Duration = .milliseconds(500)

    private var saved = most

    /// Starts full.
    package init() {}

    /// A dispatch left.
    package mutating func earn() { saved = min(Self.most, saved + Self.share) }

    /// Takes what a hedge costs; false when it is not there.
    package mutating func spend() -> Bool {
        guard saved >= 1 else { return false }
        saved -= 1
        return true
    }

    /// How long an answer is waited for before another replica is asked too.
    package static func patience(p95: Duration?) -> Duration { p95.map { max($0, soonest) } ?? unknown }
}
