import Foundation
import Kernels
import Metrics
import Model
import Router
import Shared
import Testing
import Transport

@Suite struct EngineTests {
    struct Case: Sendable {
        var question: String
        var images: [Int]
        var tokens: Int
    }

    static let cases = [
        Case(question: "<image>\nIdentify the modality.", images: [1], tokens: 12),
        Case(question: "What is shown?", images: [], tokens: 24),
        Case(question: "<image>\nIs this image normal?", images: [2], tokens: 4),
        Case(question: String(repeating: "Is there a lesion in the upper lobe? ", count: 8), images: [], tokens: 8),
        Case(question: "<image>\n<image>\nCompare both.", images: [3, 4], tokens: 16),
        Case(question: "Why?", images: [], tokens: 1),
        Case(question: "<image>\nWhat organ is this?", images: [5], tokens: 10),
        Case(question: "<image>\nIs there a tumor?", images: [1], tokens: 30),
    ]

    /// Runs an engine over all experts in this process for as long as `body` takes.
    static func withEngine<Result: Sendable>(
        limits: InferenceEngine.Limits = .init(),
        dtype: ComputeDType = .f32,
        threads: Int = 1,
        registry: PrometheusRegistry = PrometheusRegistry(),
        _ body: @escaping @Sendable (InferenceEngine) async throws -> Result,
    ) async throws -> Result {
        let loaded = try Nano.loaded(dtype)
        let model = loaded.launcher.model
        let plane = try LocalExpertPlane(
            executor: LocalExpertExecutor(
                experts: loaded.bank,
                pool: ThreadPool(threads: 1),
                node: NodeID("local")
            )
        )
        let waker = plane.waker
        let engine = InferenceEngine(
            model: model,
            limits: limits,
            metrics: RouterMetrics(factory: registry),
            wake: { waker.wake() }
        )
        let confined = ThreadConfined(plane)
        async let loop: Void = ComputeThread.run(named: "engine") {
            engine.run(on: ThreadPool(threads: threads), plane: confined.value)
        }
        let result = await Swift.Result { try await body(engine) }
        engine.drain()
        await loop
        return try result.get()
    }

    static func request(_ item: Case, temperature: Float = 0, stop: [String] = []) throws -> GenerationRequest {
        GenerationRequest(
            tokenIDs: try Nano.prompt(item.question),
            images: try item.images.map(Nano.phantom),
            sampling: SamplingParameters(temperature: temperature, topP: 0.9, seed: 42),
            maximumTokens: item.tokens,
            stop: stop,
            deadline: .now + .seconds(60)
        )
    }

    struct Answer: Equatable, Sendable {
        var text = ""
        var ids: [Int] = []
        var reason = ""
    }

    static func answer(_ events: AsyncStream<GenerationEvent>) async throws -> Answer {
        var answer = Answer()
        for await event in events {
            switch event {
            case .text(let piece): answer.text += piece
            case .degraded: break
            case .finished(let summary):
                answer.ids = summary.tokenIDs
                answer.reason = summary.finishReason.rawValue
            case .failed(let error): throw error
            }
        }
        return answer
    }

    @Test("Eight mixed requests at once give the answers that they give alone", arguments: [Float(0), 0.8])
    func concurrentEqualsAlone(temperature: Float) async throws {
        let alone = try await Self.withEngine { engine in
            var answers: [Answer] = []
            for item in Self.cases {
                answers.append(try await Self.answer(engine.submit(Self.request(item, temperature: temperature))))
            }
            return answers
        }
        var limits = InferenceEngine.Limits()
        limits.scheduling.rowsPerStep = 50  // prompts are read in pieces, between others' tokens
        let together = try await Self.withEngine(limits: limits) { engine in
            let streams = try Self.cases.map { try engine.submit(Self.request($0, temperature: temperature)) }
            var answers: [Answer] = []
            for stream in streams { answers.append(try await Self.answer(stream)) }
            return answers
        }
        #expect(alone == together)
        #expect(Set(alone.map(\.text)).count > 3, "the questions have to have different answers")
        #expect(alone.allSatisfy { !$0.ids.isEmpty })
    }

    @Test("A full queue refuses with queueFull and keeps what it has")
    func fullQueue() async throws {
        var limits = InferenceEngine.Limits()
        limits.waitingSequences = 2
        let model = try Nano.launcher.get().model
        let engine = InferenceEngine(
            model: model,
            limits: limits,
            metrics: RouterMetrics(factory: PrometheusRegistry()),
            wake: {}
        )
        _ = try engine.submit(Self.request(Self.cases[5]))
        _ = try engine.submit(Self.request(Self.cases[5]))
        let error = #expect(throws: QueryError.self) { _ = try engine.submit(Self.request(Self.cases[5])) }
        #expect(error?.code == .queueFull)
        engine.drain()
        let late = #expect(throws: QueryError.self) { _ = try engine.submit(Self.request(Self.cases[5])) }
        #expect(late?.code == .draining)
    }

    @Test("A passed deadline ends a request with deadlineExceeded")
    func deadline() async throws {
        let failure = try await Self.withEngine { engine in
            var request = try Self.request(Self.cases[0])
            request.deadline = .now
            do {
                _ = try await Self.answer(engine.submit(request))
                return QueryError?.none
            } catch let error as QueryError {
                return error
            }
        }
        #expect(failure?.code == .deadlineExceeded)
    }

    @Test("A dropped stream frees its place")
    func cancellation() async throws {
        let load = try await Self.withEngine { engine in
            do {
                var long = Self.cases[1]
                long.tokens = 400
                let stream = try engine.submit(Self.request(long))
                for await _ in stream { break }
            }
            let other = try await Self.answer(engine.submit(Self.request(Self.cases[5])))
            #expect(other.ids.count == 1)
            let deadline = ContinuousClock.now + .seconds(20)
            while engine.load != EngineLoad(), deadline > .now { await Task.yield() }
            return engine.load
        }
        #expect(load == EngineLoad())
    }

    @Test("A stop text ends the answer before it")
    func stopText() async throws {
        // The case with the longest answer, so that there is something to cut.
        let answers = try await Self.withEngine { engine in
            var answers: [Answer] = []
            for item in Self.cases { answers.append(try await Self.answer(engine.submit(Self.request(item)))) }
            return answers
        }
        let longest = try #require(answers.indices.max { answers[$0].text.count < answers[$1].text.count })
        let whole = answers[longest].text
        try #require(whole.count >= 5, "no answer is long enough: \(whole)")
        let stop = String(whole.dropFirst(2).prefix(2))
        let cut = try await Self.withEngine { engine in
            try await Self.answer(engine.submit(Self.request(Self.cases[longest], stop: [stop])))
        }
        let expected = whole.components(separatedBy: stop)[0].trimmingCharacters(in: .whitespaces)
        #expect(cut.text == expected)
        #expect(cut.reason == "stop")
    }
}

extension Swift.Result where Failure == any Error {
    init(_ work: () async throws -> Success) async {
        do { self = .success(try await work()) } catch { self = .failure(error) }
    }
}
