/// The upper bounds of a histogram's buckets, ascending; a last bucket without a bound is implied.
package struct HistogramBuckets: Equatable, Sendable {
    /// The bounds, in the unit of what is measured.
    package let bounds: [Double]

    /// Takes bounds, which must be finite and ascending.
    package init(_ bounds: [Double]) {
        precondition(bounds.allSatisfy(\.isFinite), "a bound is finite")
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "bounds ascend")
        self.bounds = bounds
    }

    /// Whole requests and passes, in seconds: from a millisecond to two minutes.
    package static let seconds = HistogramBuckets([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
    ])
    /// Steps inside a process, in seconds: from ten microseconds to one second.
    package static let shortSeconds = HistogramBuckets([
        0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
    ])
    /// Rows, tokens and the like: powers of two from 1 to 8192.
    package static let counts = HistogramBuckets((0...13).map { Double(1 << $0) })
    /// Sizes in bytes: powers of four from 1 KiB to 1 GiB.
    package static let bytes = HistogramBuckets((0...10).map { Double(1024 << (2 * $0)) })
    /// Shares between 0 and 1.
    package static let shares = HistogramBuckets([0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1])

    /// The index of the bucket that a value belongs to, `bounds.count` for the one without a bound.
    func index(of value: Double) -> Int {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if value <= bounds[middle] { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
