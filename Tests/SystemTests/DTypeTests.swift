import Foundation
import Kernels
import Model
import Router
import Shared
import Testing

/// What must not be seen in an answer, in every dtype: the topology, the neighbours, the pieces a prompt is read in, and
/// whether its beginning was known.
@Suite struct DTypeTests {
    static let topologies: [(split: String, nodes: Int, metaHere: Bool)] = [
        ("index", 3, false), ("layer", 3, false), ("index", 2, true),
    ]

    private static func trace(_ loaded: Nano.Loaded, plane: any ExpertPlane, threads: Int) throws -> TraceRun {
        let question = TraceRun.Question(
            prompt: try ConversationTemplate.stablelm.prompt(
                turns: [ChatTurn(role: .user, text: "<image>\nIs there evidence of pneumonia?")]),
            pixels: [try Nano.phantom(1)],
            maximumTokens: 6,
            expertTimeout: .seconds(5)
        )
        return try TraceRun(question, model: loaded.launcher.model, plane: plane, pool: ThreadPool(threads: threads))
    }

    @Test("Every topology gives the bits of one process", arguments: ComputeDType.allCases, topologies)
    func sameBits(dtype: ComputeDType, topology: (split: String, nodes: Int, metaHere: Bool)) throws {
        let loaded = try Nano.loaded(dtype)
        let executor = LocalExpertExecutor(
            experts: loaded.bank,
            pool: ThreadPool(threads: 2),
            node: NodeID("local")
        )
        let local = try Self.trace(loaded, plane: LocalExpertPlane(executor: executor), threads: 2)
        let layout = try TopologyTests.layout(topology.split, topology.nodes)
        let cluster = try InProcessCluster(layout: layout, dtype: dtype, metaHere: topology.metaHere)
        try #require(cluster.joinAll())
        let remote = try Self.trace(loaded, plane: cluster.plane, threads: 1)
        #expect(local.tensors.map(\.name) == remote.tensors.map(\.name))
        for (one, other) in zip(local.tensors, remote.tensors) {
            let equal = one.values.hasBits(of: other.values)
            #expect(equal, "\(one.name) differs")
        }
    }

    @Test("Keys and values take two bytes a number where rows are rounded, else four", arguments: ComputeDType.allCases)
    func cache(dtype: ComputeDType) throws {
        let shape = try Nano.loaded(dtype).launcher.model.language.cacheShape
        #expect(shape.kind == (dtype == .f32 ? .f32 : .bf16))
        #expect(shape.bytesPerPosition == shape.layerCount * shape.headCount * shape.headSize * (dtype == .f32 ? 8 : 4))
        let block = AttentionBlock(keyValueHeadCount: shape.headCount, headSize: shape.headSize, kind: shape.kind)
        let bytes = block.byteCount * shape.layerCount
        #expect(bytes == shape.bytesPerPosition * AttentionBlock.positionCount)
    }

    @Test("The dtypes differ, and not by much")
    func dtypesDiffer() throws {
        var logits: [[Float]] = []
        for dtype in ComputeDType.allCases {
            let loaded = try Nano.loaded(dtype)
            let executor = LocalExpertExecutor(
                experts: loaded.bank,
                pool: ThreadPool(threads: 2),
                node: NodeID("local")
            )
            let run = try Self.trace(loaded, plane: LocalExpertPlane(executor: executor), threads: 2)
            guard case .floats(let values) = run.tensors.first(where: { $0.name == "logits" })?.values else { continue }
            logits.append(values)
        }
        try #require(logits.count == ComputeDType.allCases.count)
        let most = logits[0].map(\.magnitude).max() ?? 0
        for other in logits.dropFirst() {
            let difference = zip(logits[0], other).map { ($0 - $1).magnitude }.max() ?? 0
            #expect(difference > 0 && difference < most / 4, "\(difference) of \(most)")
        }
    }

    private struct Seen: Equatable {
        var answers: [EngineTests.Answer] = []
        /// Logarithms of probabilities, which no two different logits share.
        var scores: [[Double]] = []
        var cached = 0
    }

    private static func scored(_ item: EngineTests.Case) throws -> GenerationRequest {
        var request = try EngineTests.request(item)
        let tokenizer = try Nano.launcher.get().model.tokenizer
        request.choices = ["yes", "no evidence", "MRI of the brain"].map {
            Choice(text: $0, tokenIDs: tokenizer.encode($0))
        }
        request.maximumTokens = request.choices.map(\.tokenIDs.count).max() ?? 1
        return request
    }

    private static func collect(_ streams: [AsyncStream<GenerationEvent>]) async throws -> Seen {
        var seen = Seen()
        for stream in streams {
            var answer = EngineTests.Answer()
            for await event in stream {
                switch event {
                case .text(let piece): answer.text += piece
                case .degraded: break
                case .finished(let summary):
                    answer.ids = summary.tokenIDs
                    answer.reason = summary.finishReason.rawValue
                    seen.scores.append(summary.choices.map(\.logLikelihood))
                    seen.cached += summary.cachedTokens
                case .failed(let error): throw error
                }
            }
            seen.answers.append(answer)
        }
        return seen
    }

    @Test("In a batch, in pieces and with a known beginning: the bits of alone", arguments: ComputeDType.allCases)
    func batched(dtype: ComputeDType) async throws {
        var plain = InferenceEngine.Limits()
        plain.keepsPrefixes = false
        plain.imageCacheBytes = 0
        let alone = try await EngineTests.withEngine(limits: plain, dtype: dtype) { engine in
            var seen = Seen()
            for item in EngineTests.cases {
                let one = try await Self.collect([
                    engine.submit(EngineTests.request(item)), engine.submit(Self.scored(item)),
                ])
                seen.answers += one.answers
                seen.scores += one.scores
                seen.cached += one.cached
            }
            return seen
        }
        #expect(alone.cached == 0)
        var limits = InferenceEngine.Limits()
        limits.scheduling.rowsPerStep = 50
        limits.scheduling.cachePositions = 4096
        let (first, second) = try await EngineTests.withEngine(limits: limits, dtype: dtype, threads: 3) { engine in
            func together() async throws -> Seen {
                try await Self.collect(
                    EngineTests.cases.flatMap {
                        [try engine.submit(EngineTests.request($0)), try engine.submit(Self.scored($0))]
                    }
                )
            }
            return (try await together(), try await together())
        }
        #expect(first.answers == alone.answers && first.scores == alone.scores)
        #expect(second.answers == alone.answers && second.scores == alone.scores)
        #expect(second.cached > first.cached && second.cached > 500, "\(second.cached) positions were known")
    }

    @Test("A second question on a picture encodes nothing and reads what is new, and a small cache gives way")
    func secondQuestion() async throws {
        func run(_ positions: Int, rounds: Int) async throws -> (seen: [Seen], metrics: String) {
            var limits = InferenceEngine.Limits()
            limits.scheduling.cachePositions = positions
            let registry = PrometheusRegistry()
            let seen = try await EngineTests.withEngine(limits: limits, registry: registry) { engine in
                var all: [Seen] = []
                for round in 0..<rounds {
                    let questions = ["What organ is this?", "Is there a tumor?", "Identify the modality."]
                    let item = EngineTests.Case(
                        question: "<image>\n" + questions[round % 3],
                        images: [round / 3],
                        tokens: 6
                    )
                    all.append(try await Self.collect([engine.submit(EngineTests.request(item))]))
                }
                return all
            }
            return (seen, registry.render())
        }
        let roomy = try await run(8192, rounds: 3)
        #expect(roomy.metrics.contains("medmoe_images_encoded_total 1\n"))
        #expect(roomy.seen[0].cached == 0 && roomy.seen[1].cached > 0 && roomy.seen[2].cached > 0)
        #expect(roomy.metrics.contains("medmoe_prefix_cache_evictions_total 0\n"))
        // Room for one sequence: each picture drives the one before it out, and the answers stay.
        let needed = try EngineTests.request(.init(question: "<image>\nIdentify the modality.", images: [0], tokens: 6))
        let length = needed.tokenIDs.count + (try Nano.launcher.get().model.tower.patchCount) + 64
        let tight = try await run(length, rounds: 9)
        let wide = try await run(8192, rounds: 9)
        #expect(tight.seen.map(\.answers) == wide.seen.map(\.answers))
        #expect(!tight.metrics.contains("medmoe_prefix_cache_evictions_total 0\n"))
    }

    @Test("Equal prompts side by side in a cache that just holds them leave room for the next")
    func equalPrompts() async throws {
        let short = EngineTests.Case(
            question: "Is there a lesion in the upper lobe of this lung?",
            images: [],
            tokens: 1
        )
        let length = try EngineTests.request(short).tokenIDs.count
        try #require(length > 32 && length < 56, "\(length) tokens")
        var long = short
        long.tokens = 8
        let other = EngineTests.Case(
            question: "What is shown in this picture, and on which side?",
            images: [],
            tokens: 8
        )
        var limits = InferenceEngine.Limits()
        // Four blocks: two sequences of two.
        limits.scheduling.cachePositions = 128
        let items = [short, long, other, other, long, short, other]
        let together = try await EngineTests.withEngine(limits: limits) { engine in
            try await Self.collect(items.map { try engine.submit(EngineTests.request($0)) }).answers
        }
        let alone = try await EngineTests.withEngine { engine in
            var answers: [EngineTests.Answer] = []
            for item in items { answers += try await Self.collect([engine.submit(EngineTests.request(item))]).answers }
            return answers
        }
        #expect(together == alone)
    }
}
