internal import Shared
package import Transport

/// How long the nodes take to answer, by the number of rows: what a slow answer is measured against.
///
/// A value without a clock: durations come in.
package struct ReplicaLatency: Sendable {
    /// Answers that are remembered of each link and size.
    private static let window = 64
    /// Fewer say nothing yet.
    private static let fewest = 8

    private struct Key: Hashable {
        let link: LinkID
        /// The number of binary digits of the row count.
        let size: Int
    }

    private struct Samples {
        var durations: [Duration] = []
        var next = 0
    }

    private var samples: [Key: Samples] = [:]

    /// Starts without knowledge.
    package init() {}

    /// Notes an answer.
    package mutating func record(_ link: LinkID, rows: Int, took duration: Duration) {
        let key = Key(link: link, size: Self.size(rows))
        var known = samples[key] ?? Samples()
        if known.durations.count < Self.window {
            known.durations.append(duration)
        } else {
            known.durations[known.next] = duration
        }
        known.next = (known.next + 1) % Self.window
        samples[key] = known
    }

    /// Forgets a link, which is gone.
    package mutating func forget(_ link: LinkID) { samples = samples.filter { $0.key.link != link } }

    /// The time within which 95 of 100 answers of this size came lately; nil while too few are known.
    package func p95(_ link: LinkID, rows: Int) -> Duration? {
        guard let durations = samples[Key(link: link, size: Self.size(rows))]?.durations,
            durations.count >= Self.fewest
        else { return nil }
        let sorted = durations.sorted()
        return sorted[min(sorted.count - 1, sorted.count * 95 / 100)]
    }

    private static func size(_ rows: Int) -> Int { Int.bitWidth - max(1, rows).leadingZeroBitCount }
}
