import Metrics
import Shared
import Synchronization
import Testing

@Suite struct PrometheusRegistryTests {
    private let registry = PrometheusRegistry()

    private func scrape() throws -> Exposition { try Exposition(registry.render()) }

    @Test("Counters count, with help and type")
    func counters() throws {
        registry.describe("requests_total", help: "Requests \\ by\nroute.")
        Counter(label: "requests_total", dimensions: [("route", "chat")], factory: registry).increment(by: 3)
        Counter(label: "requests_total", dimensions: [("route", "models")], factory: registry).increment()
        FloatingPointCounter(label: "seconds_total", factory: registry).increment(by: 0.25)
        let scraped = try scrape()
        #expect(scraped.value("requests_total", ["route": "chat"]) == 3)
        #expect(scraped.value("requests_total", ["route": "models"]) == 1)
        #expect(scraped.value("seconds_total") == 0.25)
        #expect(scraped.types["requests_total"] == "counter")
        #expect(scraped.help["requests_total"] == "Requests \\\\ by\\nroute.")
    }

    @Test("A counter neither falls nor becomes something that is no number")
    func countersOnlyGrow() throws {
        let counter = registry.makeCounter(label: "a_total", dimensions: [])
        counter.increment(by: 2)
        counter.increment(by: -5)
        let fractions = registry.makeFloatingPointCounter(label: "b_total", dimensions: [])
        for amount in [1.5, -1, .nan, .infinity] { fractions.increment(by: amount) }
        #expect(try scrape().value("a_total") == 2)
        #expect(try scrape().value("b_total") == 1.5)
    }

    @Test("Instruments with one label and the same dimensions, in any order, share their numbers")
    func shared() throws {
        Counter(label: "x_total", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
        Counter(label: "x_total", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
        #expect(try scrape().samples.first { $0.name == "x_total" }?.value == 2)
        #expect(try scrape().samples.count { $0.name == "x_total" } == 1)
    }

    @Test("Meters and plain recorders are gauges that hold the last value")
    func gauges() throws {
        let meter = Meter(label: "queue", factory: registry)
        meter.set(5)
        meter.increment(by: 2.5)
        meter.decrement(by: 1)
        Gauge(label: "depth", factory: registry).record(4)
        Recorder(label: "odd", dimensions: [], aggregate: false, factory: registry).record(Double.infinity)
        let scraped = try scrape()
        #expect(scraped.value("queue") == 6.5)
        #expect(scraped.value("depth") == 4)
        #expect(scraped.value("odd") == .infinity)
        #expect(scraped.types["queue"] == "gauge")
    }

    @Test("A timer is a histogram in seconds whose buckets add up")
    func timers() throws {
        registry.describe("wait_seconds", help: "Waiting.", buckets: HistogramBuckets([0.1, 1]))
        let timer = Timer(label: "wait_seconds", dimensions: [("node", "ct")], factory: registry)
        timer.recordMilliseconds(50)
        timer.recordMilliseconds(100)
        timer.recordSeconds(0.5)
        timer.recordSeconds(2)
        let scraped = try scrape()
        #expect(scraped.types["wait_seconds"] == "histogram")
        let buckets = scraped.samples.filter { $0.name == "wait_seconds_bucket" }
        #expect(buckets.map { $0.labels["le"] ?? "" } == ["0.1", "1", "+Inf"])
        // A bound belongs to its own bucket.
        #expect(buckets.map(\.value) == [2, 3, 4])
        #expect(buckets.allSatisfy { $0.labels["node"] == "ct" })
        let sum = try #require(scraped.value("wait_seconds_sum", ["node": "ct"]))
        #expect(abs(sum - 2.65) < 1e-9)
        #expect(scraped.value("wait_seconds_count", ["node": "ct"]) == 4)
    }

    @Test("An aggregating recorder is a histogram; what is no number does not spoil it")
    func recorders() throws {
        let recorder = Recorder(label: "rows", factory: registry)
        for value in [1, 3, 100_000] { recorder.record(value) }
        recorder.record(Double.nan)
        recorder.record(-Double.infinity)
        let scraped = try scrape()
        #expect(scraped.value("rows_count") == 3)
        #expect(scraped.value("rows_sum") == 100_004)
        #expect(scraped.value("rows_bucket", ["le": "1"]) == 1)
        #expect(scraped.value("rows_bucket", ["le": "2"]) == 1)
        #expect(scraped.value("rows_bucket", ["le": "4"]) == 2)
        #expect(scraped.value("rows_bucket", ["le": "8192"]) == 2)
        #expect(scraped.value("rows_bucket", ["le": "+Inf"]) == 3)
    }

    @Test("Label values keep quotes, backslashes and line ends")
    func escapes() throws {
        let value = "a \"b\" \\ \n c{}=, \u{e9}"
        Counter(label: "odd_total", dimensions: [("v", value)], factory: registry).increment()
        #expect(try scrape().value("odd_total", ["v": value]) == 1)
    }

    @Test(
        "Names become what the format allows",
        arguments: [
            ("router.requests", "router_requests"), ("9lives", "_9lives"), ("a:b", "a:b"), ("gr\u{f6}\u{df}e", "gr__e"),
            ("", "_"), ("a\nb", "a_b"),
        ]
    )
    func names(_ label: String, _ name: String) throws {
        Counter(label: label, factory: registry).increment()
        #expect(try scrape().value(name) == 1)
    }

    @Test(
        "Label names become what the format allows",
        arguments: [("node-id", "node_id"), ("__name__", "_name__"), ("a:b", "a_b")]
    )
    func labelNames(_ label: String, _ name: String) throws {
        Counter(label: "x_total", dimensions: [(label, "v")], factory: registry).increment()
        #expect(try scrape().value("x_total", [name: "v"]) == 1)
    }

    @Test("What contradicts a metric of the same name is refused and counted")
    func contradictions() throws {
        Counter(label: "a", factory: registry).increment()
        Meter(label: "a", factory: registry).set(9)
        Meter(label: "a", dimensions: [("x", "1")], factory: registry).set(9)
        Timer(label: "h", factory: registry).recordSeconds(1)
        Counter(label: "h_count", factory: registry).increment()
        Counter(label: "g_sum", factory: registry).increment()
        Timer(label: "g", factory: registry).recordSeconds(1)
        Counter(label: "b", dimensions: [("x", "1"), ("x", "2")], factory: registry).increment()
        Counter(label: "b", dimensions: [("le", "1")], factory: registry).increment()
        Counter(label: PrometheusRegistry.refusedName, factory: registry).increment()
        let scraped = try scrape()
        #expect(scraped.value(PrometheusRegistry.refusedName) == 7)
        #expect(scraped.value("a") == 1)
        #expect(scraped.value("a", ["x": "1"]) == nil)
        #expect(scraped.value("h_count") == 1)
        #expect(scraped.value("g_sum") == 1)
        #expect(scraped.types["g"] == nil)
        #expect(scraped.types["b"] == nil)
    }

    @Test("Beyond the bound new series are refused and counted, old ones go on")
    func bounded() throws {
        let registry = PrometheusRegistry(seriesLimit: 3)
        for index in 0..<10 {
            Counter(label: "x_total", dimensions: [("i", String(index))], factory: registry).increment()
        }
        Counter(label: "x_total", dimensions: [("i", "0")], factory: registry).increment()
        registry.observeGauge("g", help: "One too many.") { [PrometheusRegistry.Sample(1)] }
        let scraped = try Exposition(registry.render())
        #expect(scraped.samples.count { $0.name == "x_total" } == 3)
        #expect(scraped.value("x_total", ["i": "0"]) == 2)
        #expect(scraped.value("g") == nil)
        #expect(scraped.value(PrometheusRegistry.refusedName) == 8)
    }

    @Test("A series goes with the last instrument that is destroyed, and makes room")
    func destroyed() throws {
        let registry = PrometheusRegistry(seriesLimit: 1)
        let one = Meter(label: "m", factory: registry)
        let two = Meter(label: "m", factory: registry)
        one.set(4)
        one.destroy()
        #expect(try Exposition(registry.render()).value("m") == 4)
        two.destroy()
        #expect(try Exposition(registry.render()).types["m"] == nil)
        let next = Timer(label: "m", factory: registry)
        next.recordSeconds(1)
        #expect(try Exposition(registry.render()).value("m_count") == 1)
        next.destroy()
    }

    @Test("Observed metrics are read at every scrape, and may use the registry while they are")
    func observed() throws {
        let reads = Mutex(0)
        registry.observeGauge("nodes", help: "Nodes by state.") { [registry] in
            Counter(label: "reads_total", factory: registry).increment()
            let count = reads.withLock {
                $0 += 1
                return $0
            }
            return [
                .init(Double(count), labels: [("state", "ready")]), .init(0, labels: [("state", "lost")]),
                .init(5, labels: [("state", "lost")]),
            ]
        }
        registry.observeCounter("bytes_total", help: "Bytes.") { [.init(10)] }
        #expect(try scrape().value("nodes", ["state": "ready"]) == 1)
        let second = try scrape()
        #expect(second.value("nodes", ["state": "ready"]) == 2)
        #expect(second.value("nodes", ["state": "lost"]) == 0)
        #expect(second.value("reads_total") == 1)
        #expect(second.help["nodes"] == "Nodes by state.")
        #expect(second.types["bytes_total"] == "counter")
        // The second sample of one label set has no place, in both scrapes.
        #expect(second.value(PrometheusRegistry.refusedName) == 2)
        registry.observeGauge("nodes", help: "Nodes.") { [.init(7)] }
        #expect(try scrape().value("nodes") == 7)
        Counter(label: "nodes", factory: registry).increment()
        #expect(try scrape().value("nodes") == 7)
    }

    @Test("The same numbers give the same text, families and series in order")
    func deterministic() throws {
        for name in ["b_total", "a_total"] {
            for value in ["2", "10", "1"] {
                Counter(label: name, dimensions: [("v", value), ("a", "x")], factory: registry).increment()
            }
        }
        let text = registry.render()
        #expect(text == registry.render())
        let expected = """
            # TYPE a_total counter
            a_total{a="x",v="1"} 1
            a_total{a="x",v="10"} 1
            a_total{a="x",v="2"} 1
            # TYPE b_total counter
            b_total{a="x",v="1"} 1

            """
        #expect(text.hasPrefix(expected))
    }

    @Test("Nothing is lost when many write at once")
    func concurrent() async throws {
        let registry = registry
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for index in 0..<500 {
                        Counter(label: "n_total", factory: registry).increment()
                        Timer(label: "t", dimensions: [("task", String(task % 2))], factory: registry).recordSeconds(
                            index
                        )
                        if index % 100 == 0 { _ = registry.render() }
                    }
                }
            }
        }
        let scraped = try scrape()
        #expect(scraped.value("n_total") == 4000)
        #expect(scraped.value("t_count", ["task": "0"]) == 2000)
        #expect(scraped.value("t_bucket", ["le": "+Inf", "task": "1"]) == 2000)
        #expect(scraped.value("t_sum", ["task": "0"]) == 499_000)
    }
}
