package import Shared

/// The middle and the ends of a few figures of one kind.
package struct Spread: Sendable, Equatable {
    /// Of an even number of figures, the mean of the two in the middle.
    package let median: Double
    /// The smallest.
    package let least: Double
    /// The largest.
    package let most: Double

    /// Nil without figures.
    package init?(_ figures: [Double]) {
        let sorted = figures.sorted()
        guard let least = sorted.first, let most = sorted.last else { return nil }
        self.least = least
        self.most = most
        median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    /// `{"median": …, "min": …, "max": …}`.
    package var json: JSONValue {
        .object(JSONObject([("median", .number(median)), ("min", .number(least)), ("max", .number(most))]))
    }
}
