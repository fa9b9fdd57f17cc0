import Kernels
import Metrics
import Model
import Router
import Shared
import Testing
import Transport

/// The engine over nodes in this process: micro-batches, and what becomes of questions while an expert is missing.
@Suite struct ClusterEngineTests {
    typealias Script = @Sendable (InProcessCluster, _ begun: Int, _ served: Int) -> Void

    /// What an engine gave: the answers in the order of the questions, and what the metrics say.
    struct Outcome: Sendable {
        var answers: [Result<EngineTests.Answer, QueryError>]
        var summaries: [GenerationSummary]
        var exposition: String
        /// Calls to the experts of a layer.
        var begun = 0
    }

    /// Asks all at once, over a cluster whose nodes the script may take away and bring back.
    static func ask(
        _ requests: [GenerationRequest],
        layout: PlacementLayout,
        limits: InferenceEngine.Limits = .init(),
        otherWeightsAfter: Int? = nil,
        script: @escaping Script = { _, _, _ in },
    ) async throws -> Outcome {
        let cluster = try InProcessCluster(layout: layout)
        try #require(cluster.joinAll())
        let plane = ScriptedPlane(cluster, otherWeightsAfter: otherWeightsAfter, script: script)
        let waker = plane.waker
        let registry = PrometheusRegistry()
        let engine = InferenceEngine(
            model: try Nano.launcher.get().model,
            limits: limits,
            metrics: RouterMetrics(factory: registry),
            wake: { waker.wake() }
        )
        let confined = ThreadConfined(plane)
        let streams = try requests.map { try engine.submit($0) }
        async let loop: Void = ComputeThread.run(named: "engine") {
            engine.run(on: ThreadPool(threads: 1), plane: confined.value)
        }
        var outcome = Outcome(answers: [], summaries: [], exposition: "")
        for stream in streams {
            do {
                let (answer, summary) = try await collect(stream)
                outcome.answers.append(.success(answer))
                outcome.summaries.append(summary)
            } catch {
                outcome.answers.append(.failure(error))
            }
        }
        engine.drain()
        await loop
        outcome.exposition = registry.render()
        outcome.begun = confined.value.begun
        return outcome
    }

    private static func collect(
        _ events: AsyncStream<GenerationEvent>
    ) async throws(QueryError) -> (EngineTests.Answer, GenerationSummary) {
        var answer = EngineTests.Answer()
        for await event in events {
            switch event {
            case .text(let piece): answer.text += piece
            case .degraded: break
            case .finished(let summary):
                answer.ids = summary.tokenIDs
                answer.reason = summary.finishReason.rawValue
                return (answer, summary)
            case .failed(let error): throw error
            }
        }
        throw QueryError(.internalError, "The stream ended without a last event.")
    }

    static func requests(_ policy: MissingExpertPolicy = .refuse) throws -> [GenerationRequest] {
        try EngineTests.cases.map { item in
            var request = try EngineTests.request(item)
            request.onMissing = MissingExpertPolicies(standard: policy)
            return request
        }
    }

    static func texts(_ outcome: Outcome) -> [String?] { outcome.answers.map { try? $0.get().text } }

    @Test("A step cut into micro-batches gives the tokens of a whole one", arguments: [2, 3, 16])
    func microBatches(count: Int) async throws {
        let layout = try TopologyTests.layout("index", 3)
        let whole = try await Self.ask(Self.requests(), layout: layout)
        var limits = InferenceEngine.Limits()
        limits.microBatches = count
        limits.promptRowsPerMicroBatch = 8
        limits.decodeRowsPerMicroBatch = 1
        let cut = try await Self.ask(Self.requests(), layout: layout, limits: limits)
        #expect(cut.begun > whole.begun, "nothing was cut")
        #expect(try cut.answers.map { try $0.get() } == whole.answers.map { try $0.get() })
        for (one, other) in zip(cut.summaries, whole.summaries) {
            let equal = one.provenance.entries.mapValues(\.tokens) == other.provenance.entries.mapValues(\.tokens)
            #expect(equal, "micro-batches count other rows")
            let mass = other.provenance.entries.mapValues(\.gateMass)
            // Summed in another order where a step is cut; a wrong key would show in the third digit.
            let isNear = one.provenance.entries.allSatisfy { abs($0.value.gateMass - (mass[$0.key] ?? 0)) < 1e-9 }
            #expect(isNear, "the gates weighed otherwise")
        }
    }

    /// Each index has its node, whose name is `expert-0`, ….
    static func byIndex() throws -> PlacementLayout {
        try .byIndex(Nano.launcher.get().weights.configuration.moe)
    }

    /// The index whose expert of some layer most of the questions' rows go to.
    static func busiestNode() async throws -> String {
        let whole = try await ask(requests(), layout: byIndex())
        var rows: [ExpertSlot: Int] = [:]
        for summary in whole.summaries {
            for (expert, entry) in summary.provenance.entries where expert.slot != .meta {
                rows[expert.slot, default: 0] += entry.tokens
            }
        }
        let slot = try #require(rows.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key)
        return "expert-\(slot)"
    }

    @Test("Questions wait for an expert that went, and answer as if it had not once it is back")
    func wait() async throws {
        let (layout, node) = (try Self.byIndex(), try await Self.busiestNode())
        let whole = try await Self.ask(Self.requests(), layout: layout)
        var limits = InferenceEngine.Limits()
        limits.microBatches = 2
        limits.promptRowsPerMicroBatch = 8
        limits.decodeRowsPerMicroBatch = 1
        let outcome = try await Self.ask(Self.requests(.wait), layout: layout, limits: limits) {
            cluster,
            begun,
            served in
            // Gone in the middle of a pass, back after the loop came round a few times.
            if begun == 5, served < 50 { cluster.transport.unregister(endpoint: node) }
            if served == 50, let spec = layout.nodes.first(where: { $0.id.rawValue == node }),
                let core = try? InProcessCluster.makeNode(spec)
            {
                cluster.transport.register(endpoint: node, node: core)
            }
        }
        #expect(try outcome.answers.map { try $0.get() } == whole.answers.map { try $0.get() })
        for (one, other) in zip(outcome.summaries, whole.summaries) {
            // Texts are short and sure of themselves; the gates feel every key that is not as it was.
            let mass = other.provenance.entries.mapValues(\.gateMass)
            let isNear = one.provenance.entries.allSatisfy { abs($0.value.gateMass - (mass[$0.key] ?? 0)) < 1e-9 }
            #expect(isNear, "the gates weighed otherwise after the wait")
            #expect(!one.provenance.isDegraded)
        }
        let parked = outcome.exposition.split(separator: "\n").first { $0.hasPrefix("medmoe_parked_steps_total") }
        #expect(parked.map { !$0.hasSuffix(" 0") } ?? false, "nobody waited")
    }

    @Test("With meta_only an answer is complete and says what was lost; with refuse it names the expert")
    func metaOnlyAndRefuse() async throws {
        let (layout, node) = (try Self.byIndex(), try await Self.busiestNode())
        let gone: Script = { cluster, begun, _ in
            if begun == 5 { cluster.transport.unregister(endpoint: node) }
        }
        let degraded = try await Self.ask(Self.requests(.metaOnly), layout: layout, script: gone)
        #expect(degraded.summaries.count == EngineTests.cases.count)
        let marked = degraded.summaries.filter(\.provenance.isDegraded)
        #expect(!marked.isEmpty)
        for summary in marked {
            let losses = summary.provenance.losses
            let named = losses.keys.allSatisfy { "expert-\($0.slot)" == node }
            #expect(named, "an expert is said to be missing that was there")
            #expect(losses.values.reduce(0) { $0 + $1.gateMass } > 0)
            #expect(summary.provenance.isDegraded)
        }
        let refused = try await Self.ask(Self.requests(.refuse), layout: layout, script: gone)
        let errors = refused.answers.compactMap { answer -> QueryError? in
            guard case .failure(let error) = answer else { return nil }
            return error
        }
        #expect(errors.count == marked.count)
        #expect(errors.allSatisfy { $0.code == .expertUnavailable && $0.message.contains("expert") })
    }

    @Test(
        "What waits for an expert holds nobody up when other weights are served: untold it begins anew, else it fails",
        arguments: [(call: 2, begins: true), (call: 5, begins: false)]
    )
    func parkedAtOtherWeights(call: Int, begins: Bool) async throws {
        let (layout, node) = (try Self.byIndex(), try await Self.busiestNode())
        let requests = Array(try Self.requests(.wait).suffix(2))
        var limits = InferenceEngine.Limits()
        limits.scheduling.runningSequences = 1
        let outcome = try await Self.ask(requests, layout: layout, limits: limits, otherWeightsAfter: 30) {
            cluster,
            begun,
            served in
            if begun >= call, served < 60 { cluster.transport.unregister(endpoint: node) }
            if served == 60, let spec = layout.nodes.first(where: { $0.id.rawValue == node }),
                let core = try? InProcessCluster.makeNode(spec)
            {
                cluster.transport.register(endpoint: node, node: core)
            }
        }
        let whole = try await Self.ask(requests, layout: layout)
        if begins {
            #expect(Self.texts(outcome) == Self.texts(whole))
        } else if case .failure(let error) = outcome.answers[0] {
            #expect(error.code == .expertUnavailable)
            #expect(error.message.contains("other weights"))
        } else {
            Issue.record("an answer that had begun went on with other weights")
        }
        #expect(Self.texts(outcome).last == Self.texts(whole).last)
    }

    @Test("What a missing expert spoiled is nobody's beginning")
    func degradedIsNotKept() async throws {
        let (layout, node) = (try Self.byIndex(), try await Self.busiestNode())
        var first = try EngineTests.request(EngineTests.cases[3])
        first.maximumTokens = 1  // one pass of three layers
        first.onMissing = MissingExpertPolicies(standard: .metaOnly)
        var second = try EngineTests.request(EngineTests.cases[3])
        second.onMissing = MissingExpertPolicies(standard: .wait)
        var limits = InferenceEngine.Limits()
        limits.scheduling.runningSequences = 1  // one after the other
        let outcome = try await Self.ask([first, second], layout: layout, limits: limits) { cluster, begun, _ in
            if begun == 1 { cluster.transport.unregister(endpoint: node) }
            guard begun == 3, let spec = layout.nodes.first(where: { $0.id.rawValue == node }),
                !cluster.plane.serves(spec.experts[0]), let core = try? InProcessCluster.makeNode(spec)
            else { return }
            // Back for the second one, not before the first one's last layer has begun.
            cluster.transport.register(endpoint: node, node: core)
        }
        let whole = try await Self.ask([second], layout: layout)
        #expect(outcome.summaries.first?.provenance.isDegraded == true)
        #expect(outcome.summaries.last?.cachedTokens == 0)
        #expect(Self.texts(outcome).last == Self.texts(whole).last)
    }
}
