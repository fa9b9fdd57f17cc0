/// How many requests arrive in a second in an open loop: a number, or all at once.
package enum RequestRate: Sendable, Equatable {
    /// A Poisson process of so many requests a second in the mean.
    case poisson(perSecond: Double)
    /// Every request at the beginning.
    case unlimited

    /// Reads `inf` or a number above 0; nil for anything else.
    package init?(argument: String) {
        if argument == "inf" {
            self = .unlimited
            return
        }
        guard let rate = Double(argument), rate.isFinite, Self.bounds.contains(rate) else { return nil }
        self = .poisson(perSecond: rate)
    }

    /// Requests a second that can be asked for: one in about three hours up to more than one machine can send.
    private static let bounds = 1e-4...1e6
}
