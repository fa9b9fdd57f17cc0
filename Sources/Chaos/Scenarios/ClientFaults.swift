internal import LocalCluster
internal import Shared

extension ChaosScenario {
    /// Callers who misbehave.
    static let clients = [
        ChaosScenario("slow-clients", "slow readers and callers who hang up while their prompt is read", slowClients)
    ]

    /// What the router may take for all of them together.
    private static let mostGrowth = 512 << 10

    private static let slowClients: @Sendable (ChaosStage) async throws -> ChaosRow = { stage in
        let count = stage.setup.clients
        let files = OpenFileLimit.raise(to: 2 * count + 1024)
        guard files >= count + 256 else {
            return ChaosRow(
                "slow-clients",
                unavailable: "\(count) clients need that many open files and this user may have \(files); "
                    + "raise ulimit -n or lower --clients",
            )
        }
        return try await stage.with(.init(.replicated(parts: 2, replicas: 1)), name: "slow-clients") { cluster in
            let calm = try await stage.calm(cluster, requests: 100)
            guard let router = cluster.router(), let before = ProcessMemory.resident(router) else {
                throw ChaosError("Expected the router to run, it does not.")
            }
            // Long enough to be hung up on, and short enough for small models.
            let text = stage.load.prompts.prefix(6).map(\.text).joined(separator: " ")
            let prompt = ChaosPrompt(text: text, tokens: 16)
            let (first, _) = await stage.client.ask(prompt, at: cluster.url(), model: ChaosSetup.servedName)
            if case .failure(let failure) = first {
                throw ChaosError("Expected an answer to the prompt of slow clients, found \(failure).")
            }
            let body = prompt.body(model: ChaosSetup.servedName, policy: nil, deadline: .seconds(120))
            let isOver = Slot<Bool>()
            let storm = Slot<LoadTally>()
            let held = Slot<LoadTally>()
            let most = Slot<Int>()
            async let connected = SlowClients.run(count, port: cluster.port(), body: body) { isOver.value == true }
            do {
                // While they come, their questions stand before everybody else's.
                storm.value = try await stage.load.run(at: cluster.url()) { _ in
                    try await Task.sleep(for: .seconds(2))
                    try await stage.waitUntilComputed(cluster, most: stage.setup.concurrency, within: .seconds(300))
                }
                most.value = ProcessMemory.resident(router)
                // Their answers are made; they only do not take them.
                held.value = try await stage.load.run(at: cluster.url()) { monitor in
                    try await monitor.wait(forMore: 100, within: .seconds(60))
                }
            } catch {
                isOver.value = true
                _ = await connected
                throw error
            }
            isOver.value = true
            let reached = await connected
            var tally = storm.value ?? LoadTally()
            let quiet = held.value ?? LoadTally()
            tally.add(quiet)
            var row = ChaosRow("slow-clients", tally, calmWorst: calm.worst)
            let growth = (most.value ?? before) - before
            row.note =
                "\(reached) of \(count) clients; the router grew from \(ProcessMemory.words(before)) by "
                + "\(ProcessMemory.words(growth)); p99 \(Int(calm.percentile(99)?.milliseconds ?? 0)) ms calm, "
                + "\(Int(quiet.percentile(99)?.milliseconds ?? 0)) ms beside them"
            row.demand(reached == count, "only \(reached) of \(count) clients could connect")
            row.demand(growth < mostGrowth, "the router took \(ProcessMemory.words(growth)) more")
            row.demand(quiet.failed == 0, "\(quiet.failed) questions failed beside clients that only read slowly")
            if let first = calm.percentile(99), let last = quiet.percentile(99) {
                row.demand(last <= first * 2, "healthy callers' p99 more than doubled beside slow readers")
            }
            let after = await stage.load.askAll(at: cluster.url())
            row.demand(after.right == after.requests, "afterwards \(after.requests - after.right) were not right")
            return row
        }
    }
}

extension ChaosStage {
    /// Returns when a router computes at most so many questions.
    func waitUntilComputed(_ cluster: ChaosCluster, most: Int, within limit: Duration) async throws {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            if let metrics = await client.get(cluster.url() + "/metrics")?.body {
                let inside =
                    (Exposition.value("medmoe_num_requests_running", in: metrics) ?? 0)
                    + (Exposition.value("medmoe_num_requests_waiting", in: metrics) ?? 0)
                if Int(inside) <= most { return }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw ChaosError("Expected the questions of slow clients to be computed within \(limit), they were not.")
    }
}
