internal import Shared
internal import Synchronization

/// Questions without end, several at once, each answer held against that of one process.
package struct ChaosLoad: Sendable {
    let client: ChaosClient
    let prompts: [ChaosPrompt]
    let expected: [AnswerFingerprint]
    let model: String
    /// Questions at once.
    var concurrency: Int

    /// A caller who cannot connect tries again, but not at once.
    private static let pause: Duration = .milliseconds(50)

    /// Asks one of the prompts.
    func ask(_ index: Int, at url: String, policy: MissingPolicy? = nil) async -> LoadTally {
        let which = index % prompts.count
        let (result, latency) = await client.ask(prompts[which], at: url, model: model, policy: policy)
        var tally = LoadTally()
        tally.note(result, expected: expected[which], latency: latency)
        return tally
    }

    /// Asks each prompt once, one after the other.
    func askAll(at url: String) async -> LoadTally {
        var tally = LoadTally()
        for index in prompts.indices { tally.add(await ask(index, at: url)) }
        return tally
    }

    /// Asks for as long as `fault` takes, and then waits for the answers that are under way.
    func run(
        at url: String,
        policy: MissingPolicy? = nil,
        whileRunning fault: @escaping @Sendable (LoadMonitor) async throws -> Void,
    ) async throws -> LoadTally {
        let monitor = LoadMonitor()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<concurrency {
                group.addTask {
                    while let index = monitor.take() {
                        let one = await ask(index, at: url, policy: policy)
                        monitor.note(one)
                        if one.failed > 0 { try? await Task.sleep(for: Self.pause) }
                    }
                }
            }
            group.addTask {
                defer { monitor.stop() }
                try await fault(monitor)
            }
            try await group.waitForAll()
        }
        return monitor.tally
    }
}

/// What a load has done so far, for the one who does harm meanwhile.
package final class LoadMonitor: Sendable {
    private struct State {
        var next = 0
        var isStopped = false
        var tally = LoadTally()
    }

    private let state = Mutex(State())

    /// Watches a load of which nothing has ended yet.
    package init() {}

    /// What came of the questions so far.
    package var tally: LoadTally { state.withLock { $0.tally } }

    /// Returns when so many more questions have ended, or the time is over; the tally says so then.
    ///
    /// A row that was tried with fewer questions than it is made of is not good.
    package func wait(forMore count: Int, within limit: Duration) async throws {
        let ended = try await wait(forUpTo: count, within: limit)
        guard ended < count else { return }
        state.withLock { $0.tally.noteShortfall("only \(ended) of \(count) questions ended within \(limit)") }
    }

    /// Returns when so many more questions have ended or the time is over, whichever comes first; and how many ended.
    @discardableResult
    package func wait(forUpTo count: Int, within limit: Duration) async throws -> Int {
        let (start, end) = (tally.requests, ContinuousClock.now + limit)
        while tally.requests - start < count, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(5))
        }
        return tally.requests - start
    }

    func take() -> Int? {
        state.withLock { state in
            guard !state.isStopped else { return nil }
            state.next += 1
            return state.next - 1
        }
    }

    func note(_ one: LoadTally) { state.withLock { $0.tally.add(one) } }

    func stop() { state.withLock { $0.isStopped = true } }
}
