import Foundation
import Kernels
import Model
import Router
import Shared
import Testing

/// Scores of given texts: the engine's against the logits of a trace.
@Suite struct ChoiceTests {
    static let question = "<image>\nWhat modality is this?"
    static let texts = ["CT", "X-ray", "histopathology", "ultrasound of the left breast", "MRI", "no"]

    static func choices() throws -> [Choice] {
        let tokenizer = try Nano.launcher.get().model.tokenizer
        return texts.map { Choice(text: $0, tokenIDs: tokenizer.encodeWithoutBOS(" " + $0)) }
    }

    static func request(_ choices: [Choice], image: Int = 1) throws -> GenerationRequest {
        GenerationRequest(
            tokenIDs: try Nano.prompt(question),
            images: [try Nano.phantom(image)],
            sampling: SamplingParameters(),
            maximumTokens: choices.map(\.tokenIDs.count).max() ?? 1,
            stop: [],
            deadline: .now + .seconds(60),
            choices: choices
        )
    }

    struct Answer: Sendable {
        var text = ""
        var summary: GenerationSummary?
    }

    static func answer(_ events: AsyncStream<GenerationEvent>) async throws -> Answer {
        var answer = Answer()
        for await event in events {
            switch event {
            case .text(let piece): answer.text += piece
            case .degraded: break
            case .finished(let summary): answer.summary = summary
            case .failed(let error): throw error
            }
        }
        return answer
    }

    /// Sums of log-softmax over the rows of a trace that foretell the text's tokens.
    static func expected(_ choice: Choice) async throws -> Double {
        let launcher = try Nano.launcher.get()
        let bank = try Nano.bank.get()
        let prompt = try ConversationTemplate.stablelm.prompt(turns: [ChatTurn(role: .user, text: question)])
        let pixels = try Nano.phantom(1)
        let tensors = try await ComputeThread.value(named: "trace") {
            let pool = ThreadPool(threads: 1)
            let plane = try LocalExpertPlane(
                executor: LocalExpertExecutor(experts: bank, pool: pool, node: NodeID("local"))
            )
            let question = TraceRun.Question(
                prompt: prompt + " " + choice.text,
                pixels: [pixels],
                maximumTokens: 0,
                expertTimeout: .seconds(60)
            )
            return try TraceRun(question, model: launcher.model, plane: plane, pool: pool).tensors
        }
        let logits = try #require(tensors.first { $0.name == "logits" })
        guard case .floats(let values) = logits.values else { throw QueryError(.internalError, "no floats") }
        let (rows, columns) = (logits.shape[0], logits.shape[1])
        let first = rows - 1 - choice.tokenIDs.count
        return choice.tokenIDs.enumerated().reduce(0) { sum, item in
            let row = values[(first + item.offset) * columns..<(first + item.offset + 1) * columns].map(Double.init)
            return sum + row[item.element] - log(row.reduce(0) { $0 + exp($1) })
        }
    }

    @Test("The scores of texts are the sums of log-softmax over the logits of a trace")
    func equalsTrace() async throws {
        let choices = try Self.choices()
        #expect(Set(choices.map(\.tokenIDs.count)).count > 2, "texts of several lengths")
        let answer = try await EngineTests.withEngine { engine in
            try await Self.answer(engine.submit(Self.request(choices)))
        }
        let scores = try #require(answer.summary).choices
        #expect(scores.map(\.text) == Self.texts)
        for (score, choice) in zip(scores, choices) {
            let expected = try await Self.expected(choice)
            let difference = abs(score.logLikelihood - expected)
            #expect(difference < 1e-4, "\(choice.text): \(score.logLikelihood) for \(expected)")
            #expect(score.tokens == choice.tokenIDs.count)
        }
        let best = try #require(scores.max { $0.normalized < $1.normalized })
        #expect(answer.text == best.text)
        #expect(answer.summary?.finishReason == .stop)
        #expect(answer.summary?.completionTokens == best.tokens)
    }

    @Test("Scores are the same among other requests and in small pieces, and leave their place")
    func together() async throws {
        let choices = try Self.choices()
        let alone = try await EngineTests.withEngine { engine in
            try await Self.answer(engine.submit(Self.request(choices))).summary?.choices
        }
        var limits = InferenceEngine.Limits()
        limits.scheduling.rowsPerStep = 5
        let together = try await EngineTests.withEngine(limits: limits) { engine in
            let first = try engine.submit(Self.request(choices))
            let other = try engine.submit(EngineTests.request(EngineTests.cases[1]))
            let second = try engine.submit(Self.request(choices, image: 2))
            let scores = try await Self.answer(first).summary?.choices
            _ = try await Self.answer(other)
            let different = try await Self.answer(second).summary?.choices
            let deadline = ContinuousClock.now + .seconds(20)
            while engine.load != EngineLoad(), deadline > .now { await Task.yield() }
            #expect(engine.load == EngineLoad())
            #expect(different != scores, "another picture, other scores")
            return scores
        }
        #expect(alone == together)
    }

    @Test("What generation says first is what scoring finds likeliest among single tokens")
    func agreesWithGeneration() async throws {
        let (first, scores) = try await EngineTests.withEngine { engine in
            let case0 = EngineTests.Case(question: Self.question, images: [1], tokens: 1)
            var token: Int?
            for await event in try engine.submit(EngineTests.request(case0)) {
                if case .finished(let summary) = event { token = summary.tokenIDs.first }
            }
            let all = (0..<256).map { Choice(text: String($0), tokenIDs: [$0]) }
            let id = try #require(token)
            let some = all + [Choice(text: "said", tokenIDs: [id])]
            return (id, try await Self.answer(engine.submit(Self.request(some))).summary?.choices ?? [])
        }
        let best = try #require(scores.max { $0.logLikelihood < $1.logLikelihood })
        #expect(best.text == "said" || best.text == String(first))
    }
}
