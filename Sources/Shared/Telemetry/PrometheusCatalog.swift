/// What a `PrometheusRegistry` holds under its lock.
struct PrometheusCatalog {
    /// What the format knows a metric as.
    enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    /// The numbers under one set of labels.
    struct Series {
        let series: any PrometheusSeries
        /// Instruments that write to it.
        var users = 1
    }

    /// All series of one metric.
    struct Family {
        let kind: Kind
        let buckets: HistogramBuckets?
        /// By labels, as they stand between the braces.
        var series: [String: Series] = [:]
    }

    /// A metric that is read when a scraper asks.
    struct Observation {
        let kind: Kind
        let read: @Sendable () -> [PrometheusRegistry.Sample]
    }

    var families: [String: Family] = [:]
    var observations: [String: Observation] = [:]
    var help: [String: String] = [:]
    var buckets: [String: HistogramBuckets] = [:]
    /// Where each series is kept, for its end.
    var places: [ObjectIdentifier: (name: String, labels: String)] = [:]
    /// Instruments and samples that found no place.
    var refused = 0

    /// Whether a metric of this name and kind fits what is there: one kind a name, and no sample with two meanings.
    func accepts(_ name: String, _ kind: Kind) -> Bool {
        guard name != PrometheusRegistry.refusedName, observations[name] == nil else { return false }
        if let family = families[name] { return family.kind == kind }
        let suffixes = ["_bucket", "_sum", "_count"]
        if kind == .histogram,
            suffixes.contains(where: { families[name + $0] != nil || observations[name + $0] != nil })
        {
            return false
        }
        return !suffixes.contains { suffix in
            name.hasSuffix(suffix) && families[String(name.dropLast(suffix.count))]?.kind == .histogram
        }
    }
}
