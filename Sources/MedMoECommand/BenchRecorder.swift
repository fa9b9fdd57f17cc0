internal import Benchmarking
internal import Foundation
internal import Shared

/// Hands out the requests of a benchmark and keeps what became of them; shows on a terminal how far it is.
actor BenchRecorder {
    private let total: Int
    private let name: String
    private var nextRequest = 0
    private var line = ProgressLine()
    private let start: ContinuousClock.Instant
    /// What became of the requests so far.
    private(set) var samples: ServeSamples
    /// How late the latest request was sent, in seconds.
    private(set) var mostDelay = 0.0

    /// A recorder of `total` requests, called `name` on the terminal.
    init(total: Int, name: String, objectives: [GoodputObjective], start: ContinuousClock.Instant) {
        self.total = total
        self.name = name
        self.start = start
        samples = ServeSamples(objectives: objectives)
    }

    /// The number of the next request to send, from 0; nil when all are sent.
    func next() -> Int? {
        guard nextRequest < total else { return nil }
        defer { nextRequest += 1 }
        return nextRequest
    }

    /// Keeps what became of a request that was sent `delay` seconds after its time.
    func note(_ outcome: Result<RequestSample, FailureKind>, delay: Double) {
        samples.add(outcome)
        mostDelay = max(mostDelay, delay)
        line.show(text)
    }

    /// Takes the line off the terminal.
    func finish() {
        line.clear()
    }

    private var text: String {
        let rate = String(format: "%.1f", Double(samples.count) / max(start.duration(to: .now).seconds, 0.001))
        let failures = samples.failures.total > 0 ? ", \(samples.failures.total) failed" : ""
        return "\(samples.count) of \(total) \(name) over\(failures), \(rate) a second"
    }
}
