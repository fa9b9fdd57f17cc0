package import Transport

/// The links that kept somebody waiting lately: asked only where nobody else is, until they answer or a while has passed.
///
/// Without it a node that hangs would be asked again by every layer, and cost each of them its patience.
package struct SlowLinks: Sendable {
    /// After this a link is tried again.
    private static let pause: Duration = .seconds(1)

    private var until: [LinkID: ContinuousClock.Instant] = [:]

    /// Starts with none.
    package init() {}

    /// A link let an answer wait for longer than its patience.
    package mutating func note(_ link: LinkID, at now: ContinuousClock.Instant) { until[link] = now + Self.pause }

    /// A link answered, or is gone.
    package mutating func forget(_ link: LinkID) { until[link] = nil }

    /// Whether a link is better left alone; `now` is asked for only where there are slow ones.
    package func contains(_ link: LinkID, at now: () -> ContinuousClock.Instant) -> Bool {
        until[link].map { now() < $0 } ?? false
    }
}
