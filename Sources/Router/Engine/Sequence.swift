internal import Kernels
internal import Model
internal import Shared

/// One query's progress through the engine; lives on the compute thread only.
final class Sequence {
    let id: UInt64
    let request: GenerationRequest
    let promptLength: Int
    /// Cache positions that prompt and answer can take.
    let capacity: Int
    let submitted: ContinuousClock.Instant
    private let emit: @Sendable (GenerationEvent) -> Void

    /// Set when the sequence is admitted.
    var cache: KVCache?
    /// Prompt rows `(promptLength - cachedPositions, hiddenSize)`, kept until the prompt is read.
    var prompt: Tensor?
    /// Prompt positions that were known already.
    var cachedPositions = 0
    /// The blocks that it shares or lets others share, from the first on.
    var nodes: [SequenceMemory.Prefix.Node] = []
    /// What stands at each position, of the prompt and of what was generated.
    private(set) var contents: [PositionContent]
    /// The digest of each picture.
    let imageDigests: [ImageDigest]
    /// Which prompt positions belong to a picture.
    let imagePositions: [Range<Int>]
    var sampler: Sampler
    var text: AnswerText
    var generated: [Int] = []
    /// Set when the answer is chosen and not generated.
    var scoring: ChoiceScoring?
    /// Who saw the positions of each block.
    var tallies: [RoutingTally] = []
    var timings = GenerationTimings()
    /// What it waits for; its last step has to be computed again.
    var parking: Parking?
    /// Whether a part of it was computed while an expert was missing.
    private(set) var isDegraded = false
    private(set) var isOver = false
    private(set) var isFailed = false

    init(
        id: UInt64,
        request: GenerationRequest,
        imagePatches: Int,
        maximumPositions: Int,
        detokenizer: StreamingDetokenizer,
        submitted: ContinuousClock.Instant,
        emit: @escaping @Sendable (GenerationEvent) -> Void,
    ) {
        self.id = id
        self.request = request
        var ranges: [Range<Int>] = []
        var position = 0
        var contents: [PositionContent] = []
        imageDigests = request.images.map { ImageDigest($0) }
        for token in request.tokenIDs {
            if token == PromptTokenizer.imageSentinel {
                let digest = imageDigests[ranges.count]
                for patch in 0..<imagePatches { contents.append(PositionContent(image: digest, patch: patch)) }
                ranges.append(position..<position + imagePatches)
                position += imagePatches
            } else {
                contents.append(PositionContent(token: token))
                position += 1
            }
        }
        self.contents = contents
        imagePositions = ranges
        promptLength = position
        // The last token is sampled and never fed back.
        capacity = min(maximumPositions, position + max(0, request.maximumTokens - 1))
        sampler = Sampler(request.sampling)
        text = AnswerText(detokenizer: detokenizer, stop: request.stop)
        scoring = request.choices.isEmpty ? nil : ChoiceScoring(request.choices)
        self.submitted = submitted
        self.emit = emit
    }

    /// Whether its last step has to be computed again.
    var isParked: Bool { parking != nil }
    /// Whether nothing that was computed for it has reached its caller or decided anything: it can begin anew.
    var isUntold: Bool { promptLeft > 0 && generated.isEmpty && !isDegraded && !isOver }
    /// Cache positions that it takes in whole blocks.
    var reserved: Int { KVBlock.count(for: capacity) * KVBlock.positionCount }
    /// Prompt positions that are not in the cache yet.
    var promptLeft: Int { max(0, promptLength - (cache?.count ?? 0)) }
    /// Rows that are known and not in the cache yet, of the prompt or of a choice; 0 while tokens are generated.
    var rowsLeft: Int { promptLeft > 0 ? promptLeft : scoring?.rowsLeft ?? 0 }
    /// Prompt positions that pictures take.
    var imageTokens: Int { imagePositions.reduce(0) { $0 + $1.count } }

    func isImage(_ position: Int) -> Bool { imagePositions.contains { $0.contains(position) } }

    /// Takes a sampled token; returns true when the answer is complete and says so to the caller.
    func append(_ token: Int, isEnd: Bool, now: ContinuousClock.Instant) -> Bool {
        if generated.isEmpty { timings.timeToFirstToken = submitted.duration(to: now) }
        generated.append(token)
        contents.append(PositionContent(token: token))
        if isEnd {
            finish(.stop, now: now)
            return true
        }
        let piece = text.append(token)
        if text.isStopped {
            if !piece.isEmpty { emit(.text(piece)) }
            finish(.stop, now: now)
            return true
        }
        emit(.text(piece))
        if generated.count >= request.maximumTokens || promptLength + generated.count > capacity {
            finish(.length, now: now)
            return true
        }
        return false
    }

    /// Says which choice is best, when all are scored.
    func finishChoosing(now: ContinuousClock.Instant) {
        guard let best = scoring?.best else { return }
        generated = best.tokenIDs
        emit(.text(best.text))
        finish(.stop, now: now)
    }

    private func finish(_ reason: GenerationSummary.FinishReason, now: ContinuousClock.Instant) {
        let rest = text.finish()
        if !rest.isEmpty { emit(.text(rest)) }
        timings.total = submitted.duration(to: now)
        end(
            .finished(
                GenerationSummary(
                    finishReason: reason,
                    promptTokens: promptLength,
                    imageTokens: imageTokens,
                    completionTokens: generated.count,
                    tokenIDs: generated,
                    provenance: tallies.reduce(into: RoutingTally()) { $0.merge($1) },
                    cachedTokens: cachedPositions,
                    timings: timings,
                    choices: scoring?.scores ?? [],
                )
            )
        )
    }

    /// Notes that an expert was missing, and tells the caller.
    func degrade() {
        guard !isDegraded else { return }
        isDegraded = true
        emit(.degraded)
    }

    func fail(_ error: QueryError) {
        isFailed = true
        end(.failed(error))
    }

    private func end(_ event: GenerationEvent) {
        guard !isOver else { return }
        isOver = true
        emit(event)
    }
}
