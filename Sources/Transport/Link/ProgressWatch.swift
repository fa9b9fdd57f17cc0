/// Finds a peer that lives and does not compute: its heartbeats come, rows wait there, and no batch is ever done.
///
/// A value without a clock. Of a time between two heartbeats at most `longestGap` counts, so that a router that was busy
/// itself does not blame its nodes.
package struct ProgressWatch: Hashable, Sendable {
    /// Standstill that is too long.
    package let stalledAfter: Duration
    /// What counts at most between two heartbeats.
    package let longestGap: Duration
    private var progress: UInt64 = 0
    private var hadRows = false
    private var lastBeat: Duration = .zero
    private var standstill: Duration = .zero

    /// Watches a peer of which nothing was heard.
    package init(stalledAfter: Duration, longestGap: Duration) {
        self.stalledAfter = stalledAfter
        self.longestGap = longestGap
    }

    /// Whether rows wait and none have been computed for too long.
    package var isStalled: Bool { standstill >= stalledAfter }

    /// A heartbeat came, with the batches computed so far and the rows that wait.
    package mutating func heartbeat(progress newProgress: UInt64, queuedRows: Int, at now: Duration) {
        if hadRows, queuedRows > 0, newProgress == progress {
            standstill += min(max(.zero, now - lastBeat), longestGap)
        } else {
            standstill = .zero
        }
        progress = newProgress
        hadRows = queuedRows > 0
        lastBeat = now
    }

    /// Another process, or another connection: what was seen does not count.
    package mutating func reset() {
        hadRows = false
        standstill = .zero
    }
}
