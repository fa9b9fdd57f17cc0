internal import Foundation
internal import Shared

/// What every fault is tried on: questions whose answers are known, and clusters to ask them.
package struct ChaosStage: Sendable {
    /// What is the same in all clusters.
    package let setup: ChaosSetup
    let client: ChaosClient
    /// The usual load.
    let load: ChaosLoad
    /// Questions with an answer of one token.
    let short: ChaosLoad

    /// The time that a question gives itself.
    private static let deadline: Duration = .seconds(20)
    /// Different questions of a load.
    private static let questions = 24

    /// Asks a single process for all answers first.
    package init(_ setup: ChaosSetup) async throws {
        let client = ChaosClient(deadline: Self.deadline)
        let prompts = ChaosPrompt.list(Self.questions, seed: setup.seed)
        let brief = prompts.prefix(8).map { ChaosPrompt(text: $0.text, tokens: 1) }
        let answers: [AnswerFingerprint]
        do {
            answers = try await SingleProcess.answers(to: prompts + brief, client: client, setup: setup)
        } catch {
            await client.close()
            throw error
        }
        func make(_ prompts: [ChaosPrompt], _ answers: [AnswerFingerprint]) -> ChaosLoad {
            ChaosLoad(
                client: client,
                prompts: prompts,
                expected: answers,
                model: ChaosSetup.servedName,
                concurrency: setup.concurrency,
            )
        }
        self.setup = setup
        self.client = client
        load = make(prompts, Array(answers.prefix(prompts.count)))
        short = make(brief, Array(answers.suffix(brief.count)))
    }

    /// Closes what the stage holds.
    package func close() async { await client.close() }

    /// How long a fault lasts where it does not say so itself.
    var faultTime: Duration { max(.seconds(2), min(.seconds(20), setup.duration / 8)) }

    /// Runs a cluster for as long as `body` takes, from its readiness on.
    func with<Value: Sendable>(
        _ configuration: ChaosCluster.Configuration,
        name: String,
        _ body: @escaping @Sendable (ChaosCluster) async throws -> Value,
    ) async throws -> Value {
        let cluster = try ChaosCluster(configuration, setup: setup, name: name)
        let result: Result<Value, any Error>
        do {
            let value = try await withThrowingTaskGroup(of: Value?.self) { group in
                for proxy in cluster.proxies.values {
                    group.addTask {
                        try await proxy.run()
                        return nil
                    }
                }
                group.addTask {
                    try cluster.start()
                    for router in 0..<configuration.routers {
                        try await waitUntilReady(cluster, router: router)
                    }
                    return try await body(cluster)
                }
                for try await value in group {
                    guard let value else { continue }
                    group.cancelAll()
                    return value
                }
                throw ChaosError("The proxies ended before the fault was tried; see the logs in \(setup.folder).")
            }
            result = .success(value)
        } catch {
            result = .failure(error)
        }
        await cluster.stop()
        return try result.get()
    }

    /// Returns once a router serves every expert.
    func waitUntilReady(_ cluster: ChaosCluster, router: Int = 0, within limit: Duration = .seconds(60)) async throws {
        let end = ContinuousClock.now + limit
        var last = "no answer"
        while ContinuousClock.now < end {
            if let answer = await client.get(cluster.url(router) + "/readyz") {
                if answer.status == 200 { return }
                last = answer.body
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw ChaosError("Expected the cluster to be ready within \(limit); /readyz says: \(last)")
    }

    /// The time until a router counts a node as up; nil when that does not happen.
    func timeUntilUp(_ node: NodeID, _ cluster: ChaosCluster, within limit: Duration = .seconds(60)) async -> Duration?
    {
        let start = ContinuousClock.now
        while start.duration(to: .now) < limit {
            if await state(of: node, cluster) == "up" { return start.duration(to: .now) }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return nil
    }

    /// How a router sees a node.
    private func state(of node: NodeID, _ cluster: ChaosCluster) async -> String? {
        guard let answer = await client.get(cluster.url() + "/control/v1/nodes"),
            case .object(let listing) = try? JSONParser.parse(Array(answer.body.utf8)),
            case .array(let nodes) = listing["nodes"]
        else { return nil }
        for case .object(let entry) in nodes where entry["node"] == .string(node.rawValue) {
            if case .string(let state) = entry["state"] { return state }
        }
        return nil
    }

    /// The time until a question that needs an expert index has its whole answer; nil when that does not happen.
    func timeUntilAnswered(
        _ slot: String,
        _ cluster: ChaosCluster,
        within limit: Duration = .seconds(60),
    ) async -> Duration? {
        let start = ContinuousClock.now
        let index = load.expected.firstIndex { ($0.gateMass[slot] ?? 0) > 0 } ?? 0
        while start.duration(to: .now) < limit {
            let tally = await load.ask(index, at: cluster.url())
            if tally.right == 1 { return start.duration(to: .now) }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return nil
    }

    /// The expert index that most of the questions lean on.
    var busiestSlot: String {
        var mass: [String: Double] = [:]
        for answer in load.expected {
            for (slot, sum) in answer.gateMass where slot != "meta" { mass[slot, default: 0] += sum }
        }
        return mass.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? "0"
    }

    /// Some questions before anything happens.
    func calm(_ cluster: ChaosCluster, requests: Int = 40) async throws -> LoadTally {
        let tally = try await load.run(at: cluster.url()) { try await $0.wait(forMore: requests, within: .seconds(60)) }
        guard tally.right == tally.requests else {
            throw ChaosError(
                "Expected right answers before any fault, found \(tally.failed) failed, \(tally.wrong) wrong and "
                    + "\(tally.hung) hung of \(tally.requests); see the logs in \(setup.folder)."
            )
        }
        return tally
    }
}
