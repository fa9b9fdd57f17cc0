internal import Metrics
internal import Shared
internal import Synchronization

/// Rows that went to each expert since the start: for the planner as numbers, for a scrape as counters.
final class ExpertRowCounts: Sendable {
    private struct Entry {
        var rows = 0
        let counter: Counter
    }

    private let factory: any MetricsFactory
    private let entries = Mutex<[ExpertID: Entry]>([:])

    init(factory: any MetricsFactory) {
        self.factory = factory
    }

    /// Rows by expert; those that saw none may be absent.
    var rows: [ExpertID: Int] { entries.withLock { $0.mapValues(\.rows) } }

    func add(_ rows: [ExpertID: Int]) {
        entries.withLock { entries in
            for (expert, count) in rows {
                var entry = entries[expert] ?? makeEntry(expert)
                entry.rows += count
                entry.counter.increment(by: count)
                entries[expert] = entry
            }
        }
    }

    /// A model has as many experts as its configuration says, so there are as many series and no more.
    private func makeEntry(_ expert: ExpertID) -> Entry {
        let labels = [("layer", String(expert.layer)), ("expert", expert.slot.description)]
        return Entry(counter: Counter(label: "medmoe_expert_rows_total", dimensions: labels, factory: factory))
    }
}
