package import Shared

/// The round trips of one kind in one round of a measurement, in microseconds.
package struct RoundTrips: Sendable, Equatable {
    /// Half of them took no longer.
    package let p50: Double
    /// All but a hundredth took no longer.
    package let p99: Double

    /// Takes the times in nanoseconds; nil without any.
    package init?(nanoseconds: [Int64]) {
        let sorted = nanoseconds.map { Float($0) / 1000 }.sorted()
        guard let p50 = Percentile.value(50, ofSorted: sorted), let p99 = Percentile.value(99, ofSorted: sorted) else {
            return nil
        }
        (self.p50, self.p99) = (p50, p99)
    }

    /// Notes percentiles.
    package init(p50: Double, p99: Double) {
        (self.p50, self.p99) = (p50, p99)
    }

    /// `{"p50_us": …, "p99_us": …}`.
    package var json: JSONValue {
        .object(JSONObject([("p50_us", .number(p50)), ("p99_us", .number(p99))]))
    }
}
