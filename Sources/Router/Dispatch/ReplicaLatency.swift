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

    /// The latest durations, in the order in which they came and by size.
    private struct Samples {
        private var nanoseconds: [Int64] = []
        private var sorted: [Int64] = []
        private var next = 0

        mutating func add(_ duration: Duration) {
            let fresh = duration.nanoseconds
            if nanoseconds.count < ReplicaLatency.window {
                nanoseconds.append(fresh)
            } else {
                sorted.remove(at: place(of: nanoseconds[next]))
                nanoseconds[next] = fresh
            }
            sorted.insert(fresh, at: place(of: fresh))
            next = (next + 1) % ReplicaLatency.window
        }

        /// Where the first of the sorted ones stands that is not below a number.
        private func place(of number: Int64) -> Int {
            var range = 0..<sorted.count
            while !range.isEmpty {
                let middle = range.lowerBound + range.count / 2
                range = sorted[middle] < number ? middle + 1..<range.upperBound : range.lowerBound..<middle
            }
            return range.lowerBound
        }

        var p95: Duration? {
            guard sorted.count >= ReplicaLatency.fewest else { return nil }
            return .nanoseconds(sorted[min(sorted.count - 1, sorted.count * 95 / 100)])
        }
    }

    private var samples: [Key: Samples] = [:]

    /// Starts without knowledge.
    package init() {}

    /// Notes an answer.
    package mutating func record(_ link: LinkID, rows: Int, took duration: Duration) {
        samples[Key(link: link, size: Self.size(rows)), default: Samples()].add(duration)
    }

    /// Forgets a link, which is gone.
    package mutating func forget(_ link: LinkID) { samples = samples.filter { $0.key.link != link } }

    /// The time within which 95 of 100 answers of this size came lately; nil while too few are known.
    package func p95(_ link: LinkID, rows: Int) -> Duration? {
        samples[Key(link: link, size: Self.size(rows))]?.p95
    }

    private static func size(_ rows: Int) -> Int { Int.bitWidth - max(1, rows).leadingZeroBitCount }
}
