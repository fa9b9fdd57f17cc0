internal import Synchronization

/// Keeps the process's metrics and renders them for a scraper, in the text exposition format 0.0.4.
///
/// It is the backend of swift-metrics: counters stay counters, meters and plain recorders become gauges, timers become
/// histograms in seconds, and aggregating recorders become histograms. Two instruments with one label and the same
/// dimensions share their numbers; destroying the last of them removes the series. Names are taken as they are, but for
/// characters that the format lacks: write `_total` and `_seconds` where they belong.
///
/// The number of series is bounded. What is beyond the bound, or contradicts a metric of the same name, gets an
/// instrument that measures nothing, and is counted.
package final class PrometheusRegistry: Sendable {
    /// The content type of `render()`.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    /// Counts the series that were refused.
    package static let refusedName = "medmoe_metrics_series_refused_total"

    let seriesLimit: Int
    let catalog = Mutex(PrometheusCatalog())

    /// Makes an empty registry that keeps at most `seriesLimit` series.
    package init(seriesLimit: Int = 10_000) {
        self.seriesLimit = seriesLimit
    }

    /// Says what a metric means and, for histograms, which buckets it has; before its first instrument is made.
    package func describe(_ label: String, help: String, buckets: HistogramBuckets? = nil) {
        let name = PrometheusText.metricName(label)
        catalog.withLock {
            $0.help[name] = help
            if let buckets { $0.buckets[name] = buckets }
        }
    }

    /// Finds or makes the series of a label and dimensions; nil when it is refused.
    func series<Wanted: PrometheusSeries>(
        _ label: String,
        _ dimensions: [(String, String)],
        _ kind: PrometheusCatalog.Kind,
        standard: HistogramBuckets? = nil,
        make: (HistogramBuckets?) -> Wanted,
    ) -> Wanted? {
        let name = PrometheusText.metricName(label)
        let labels = PrometheusText.labels(dimensions)
        return catalog.withLock { catalog in
            guard let labels, catalog.accepts(name, kind) else {
                catalog.refused += 1
                return nil
            }
            if let known = catalog.families[name]?.series[labels]?.series {
                guard let wanted = known as? Wanted else {
                    catalog.refused += 1
                    return nil
                }
                catalog.families[name]?.series[labels]?.users += 1
                return wanted
            }
            guard catalog.places.count < seriesLimit else {
                catalog.refused += 1
                return nil
            }
            let family = catalog.families[name] ?? .init(kind: kind, buckets: catalog.buckets[name] ?? standard)
            let made = make(family.buckets)
            catalog.families[name, default: .init(kind: kind, buckets: family.buckets)].series[labels] = .init(
                series: made
            )
            catalog.places[ObjectIdentifier(made)] = (name, labels)
            return made
        }
    }

    /// Forgets one user of a series, and the series with its last user.
    func release(_ handler: AnyObject) {
        catalog.withLock { catalog in
            guard let (name, labels) = catalog.places[ObjectIdentifier(handler)],
                let users = catalog.families[name]?.series[labels]?.users
            else { return }
            if users > 1 {
                catalog.families[name]?.series[labels]?.users -= 1
                return
            }
            catalog.places[ObjectIdentifier(handler)] = nil
            catalog.families[name]?.series[labels] = nil
            if catalog.families[name]?.series.isEmpty == true { catalog.families[name] = nil }
        }
    }
}
