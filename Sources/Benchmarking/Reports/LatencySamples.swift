/// The measured times of one kind, in milliseconds.
package struct LatencySamples: Sendable {
    // Half the memory of `Double`, of which a long run has one for each token; seven digits are beyond any clock.
    private var values: [Float] = []

    /// No times yet.
    package init() {}

    /// Adds a time in seconds.
    package mutating func add(seconds: Double) {
        values.append(Float(seconds * 1000))
    }

    /// Mean and percentiles; nil without times.
    package func summary(percentiles: [Double]) -> LatencySummary? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        return LatencySummary(
            count: values.count,
            mean: values.reduce(into: 0.0) { $0 += Double($1) } / Double(values.count),
            percentiles: percentiles.map { (percent: $0, value: Percentile.value($0, ofSorted: sorted) ?? 0) },
        )
    }
}

/// The times of one kind in few numbers, in milliseconds.
package struct LatencySummary: Sendable {
    /// How many there are.
    package var count: Int
    /// Their mean.
    package var mean: Double
    /// The percentiles that were asked for, in the order asked.
    package var percentiles: [(percent: Double, value: Double)]
}
