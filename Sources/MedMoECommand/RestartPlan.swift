internal import Shared

/// When dead nodes are started again: at once the first time, then after pauses that double up to half a minute.
struct RestartPlan {
    private struct Entry {
        var attempts = 0
        var next: ContinuousClock.Instant?
        var last: ContinuousClock.Instant
    }

    private var entries: [NodeID: Entry] = [:]

    /// A node died; one that had lived for a minute starts over with short pauses.
    mutating func died(_ id: NodeID, now: ContinuousClock.Instant) {
        var entry = entries[id] ?? Entry(last: now)
        if entry.last.duration(to: now) > .seconds(60) { entry.attempts = 0 }
        let pause = entry.attempts == 0 ? .zero : Duration.milliseconds(min(30_000, 250 << min(entry.attempts, 7)))
        entry.attempts += 1
        entry.next = now + pause
        entry.last = now
        entries[id] = entry
    }

    /// The nodes to start now, each once.
    mutating func due(now: ContinuousClock.Instant) -> [NodeID] {
        let due = entries.filter { $0.value.next.map { $0 <= now } ?? false }.keys.sorted()
        for id in due { entries[id]?.next = nil }
        return due
    }
}
