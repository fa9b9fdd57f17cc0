internal import LocalCluster
internal import Shared

extension ChaosScenario {
    /// Short requests without end: nothing may be left behind by any of them.
    static let memory = ChaosScenario("memory", "many short requests; the memory of each process") { stage in
        try await stage.with(.init(.replicated(parts: 2, replicas: 1)), name: "memory") { cluster in
            let count = stage.setup.requests
            let warmUp = max(200, min(20_000, count / 10))
            let limit = Duration.seconds(30) + .milliseconds(Int64(count) * 50)
            var tally = try await stage.short.run(at: cluster.url()) { monitor in
                try await monitor.wait(forMore: warmUp, within: limit)
            }
            let warm = tally.requests
            let before = try await ProcessMemory.atRest(cluster.processes)
            tally.add(
                try await stage.short.run(at: cluster.url()) { monitor in
                    try await monitor.wait(forMore: count, within: limit)
                }
            )
            let after = try await ProcessMemory.atRest(cluster.processes)
            let asked = tally.requests - warm
            var row = ChaosRow("memory", tally)
            row.demandNoLoss()
            var words: [String] = []
            for (process, sizes) in zip(cluster.processes, zip(before, after)) {
                guard let first = sizes.0, let last = sizes.1, first > 0 else {
                    row.demand(false, "\(process.name) did not live through it")
                    continue
                }
                let growth = 100 * Double(last - first) / Double(first)
                let percent = (growth * 100).rounded() / 100
                words.append(
                    "\(process.name) \(ProcessMemory.words(first)) -> \(ProcessMemory.words(last)) (\(percent) %)"
                )
                // A few requests say little: an allocator that takes a page more is no leak.
                row.demand(
                    asked < longRun || growth < 1,
                    "\(process.name) grew by \(percent) %, less than 1 % was expected"
                )
            }
            row.note = "after \(warm) to warm up, \(asked) more: " + words.joined(separator: "; ")
            return row
        }
    }

    /// Requests from which on growth is judged and not only told.
    private static let longRun = 50_000
}
