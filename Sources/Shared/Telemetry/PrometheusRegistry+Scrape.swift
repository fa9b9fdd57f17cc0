internal import Synchronization

extension PrometheusRegistry {
    /// One number read at scrape time.
    package struct Sample: Sendable {
        /// Names and values of its labels.
        package let labels: [(String, String)]
        /// The number.
        package let value: Double

        /// Makes a sample.
        package init(_ value: Double, labels: [(String, String)] = []) {
            self.labels = labels
            self.value = value
        }
    }

    /// Registers a gauge whose samples are read when a scraper asks, in place of an earlier one of the same name.
    ///
    /// - Parameter read: is called on the scraper's thread, holds no lock of the registry, and should be quick.
    package func observeGauge(_ label: String, help: String, read: @escaping @Sendable () -> [Sample]) {
        observe(label, .gauge, help, read)
    }

    /// Registers a counter that is kept elsewhere and read when a scraper asks.
    ///
    /// - Parameter read: is called on the scraper's thread, holds no lock of the registry, and should be quick.
    package func observeCounter(_ label: String, help: String, read: @escaping @Sendable () -> [Sample]) {
        observe(label, .counter, help, read)
    }

    private func observe(
        _ label: String,
        _ kind: PrometheusCatalog.Kind,
        _ help: String,
        _ read: @escaping @Sendable () -> [Sample]
    ) {
        let name = PrometheusText.metricName(label)
        catalog.withLock { catalog in
            catalog.observations[name] = nil
            guard catalog.families[name] == nil, catalog.accepts(name, kind) else {
                catalog.refused += 1
                return
            }
            catalog.help[name] = help
            catalog.observations[name] = PrometheusCatalog.Observation(kind: kind, read: read)
        }
    }

    /// Everything measured so far as the body of an answer to a scraper, families in order of name.
    package func render() -> String {
        let (families, observations, help, series) = catalog.withLock {
            ($0.families, $0.observations, $0.help, $0.places.count)
        }
        var blocks: [String: String] = [:]
        for (name, family) in families {
            let samples = family.series.sorted { $0.key < $1.key }.map { $0.value.series.render(name, $0.key) }
            blocks[name] = Self.block(name, family.kind, help[name], samples)
        }
        var room = seriesLimit - series
        var refused = 0
        for (name, observation) in observations.sorted(by: { $0.key < $1.key }) {
            var values: [String: Double] = [:]
            for sample in observation.read() {
                guard let labels = PrometheusText.labels(sample.labels), values[labels] == nil, room > 0 else {
                    refused += 1
                    continue
                }
                values[labels] = sample.value
                room -= 1
            }
            let samples = values.sorted { $0.key < $1.key }.map { PrometheusText.sample(name, $0.key, $0.value) }
            blocks[name] = Self.block(name, observation.kind, help[name], samples)
        }
        let refusedInAll = catalog.withLock {
            $0.refused += refused
            return $0.refused
        }
        blocks[Self.refusedName] = Self.block(
            Self.refusedName,
            .counter,
            "Series that were refused: too many, or at odds with another metric.",
            [PrometheusText.sample(Self.refusedName, "", Double(refusedInAll))]
        )
        return blocks.sorted { $0.key < $1.key }.map(\.value).joined()
    }

    private static func block(_ name: String, _ kind: PrometheusCatalog.Kind, _ help: String?, _ samples: [String])
        -> String
    {
        guard !samples.isEmpty else { return "" }
        let helpLine = help.map { "# HELP \(name) \(PrometheusText.escaped($0, quotes: false))\n" } ?? ""
        return helpLine + "# TYPE \(name) \(kind.rawValue)\n" + samples.joined()
    }
}
