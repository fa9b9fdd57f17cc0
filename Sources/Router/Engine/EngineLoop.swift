internal import Kernels
internal import Model

/// The state of the compute loop; one thread only.
final class EngineLoop {
    private let model: MedMoEModel
    private let limits: InferenceEngine.Limits
    private let scheduler: Scheduler
    private let metrics: RouterMetrics
    private let pool: ThreadPool
    private let plane: any ExpertPlane
    private let memory: SequenceMemory
    /// Whether all of these sequences were cancelled, which the loop hears of only after a step.
    private let isCancelled: @Sendable (Set<UInt64>) -> Bool
    private var waiting: [Sequence] = []
    private var running: [Sequence] = []

    init(
        model: MedMoEModel,
        limits: InferenceEngine.Limits,
        metrics: RouterMetrics,
        pool: ThreadPool,
        plane: any ExpertPlane,
        isCancelled: @escaping @Sendable (Set<UInt64>) -> Bool = { _ in false },
    ) {
        self.isCancelled = isCancelled
        self.model = model
        self.limits = limits
        scheduler = Scheduler(limits: limits.scheduling)
        self.metrics = metrics
        self.pool = pool
        self.plane = plane
        memory = SequenceMemory(model: model, limits: limits, metrics: metrics)
    }

    var isEmpty: Bool { waiting.isEmpty && running.isEmpty }
    var load: EngineLoad {
        EngineLoad(
            waiting: waiting.count,
            running: running.count,
            cached: running.reduce(0) { $0 + $1.reserved },
        )
    }

    func add(
        _ request: GenerationRequest,
        id: UInt64,
        at: ContinuousClock.Instant,
        emit: @escaping @Sendable (GenerationEvent) -> Void,
    ) {
        let sequence = Sequence(
            id: id,
            request: request,
            imagePatches: model.tower.patchCount,
            maximumPositions: model.language.maximumPositions,
            detokenizer: StreamingDetokenizer(tokenizer: model.tokenizer),
            submitted: at,
            emit: emit,
        )
        let budget = limits.scheduling.cachePositions
        guard sequence.reserved <= budget else {
            sequence.fail(
                QueryError(
                    .invalidRequest,
                    "Prompt and answer need \(sequence.reserved) cache positions; this server has \(budget) in all. "
                        + "Shorten the prompt or ask for fewer tokens.",
                )
            )
            return
        }
        waiting.append(sequence)
    }

    func cancel(_ id: UInt64) {
        waiting.removeAll { $0.id == id }
        for sequence in running where sequence.id == id { memory.release(sequence) }
        running.removeAll { $0.id == id }
    }

    func failAll(_ error: QueryError) {
        for sequence in waiting + running { sequence.fail(error) }
        waiting = []
        removeFinished()
    }

    /// Computes one step; false when there was nothing to do.
    ///
    /// `publish` hears of the load before the computation, which may take long.
    func step(publish: (EngineLoad) -> Void) -> Bool {
        failExpired(now: .now)
        let wantsRest = plane.awaitsRest
        if wantsRest { clearParked() }
        if wantsRest, running.isEmpty {
            // What is known of prompts came from the weights until now.
            memory.forgetPrefixes()
            plane.takeWeights()
        }
        let mayBegin = !wantsRest || running.isEmpty
        let batch = scheduler.schedule(
            running: running.map {
                .init(id: $0.id, promptLeft: $0.rowsLeft, capacity: $0.reserved, isParked: isParked($0))
            },
            waiting: (mayBegin ? waiting : []).map {
                .init(
                    id: $0.id,
                    promptLength: $0.promptLength,
                    capacity: $0.reserved,
                    hasImages: !$0.request.images.isEmpty,
                )
            },
        )
        guard !batch.work.isEmpty else { return false }
        publish(load)
        admit(batch.admitted)
        publish(load)
        let byID = Dictionary(uniqueKeysWithValues: running.map { ($0.id, $0) })
        compute(
            batch.work.compactMap { work in
                guard let sequence = byID[work.id] else { return nil }
                // The plan does not know how much of a new prompt was known already.
                return (sequence, sequence.rowsLeft > 0 ? min(work.rows, sequence.rowsLeft) : work.rows)
            }
        )
        removeFinished()
        return true
    }

    private func removeFinished() {
        for sequence in running where sequence.isOver {
            // What a missing expert spoiled, or took no part in, is nobody's beginning.
            if !sequence.isFailed, !sequence.isDegraded { memory.keep(sequence) }
            memory.release(sequence)
        }
        running.removeAll { $0.isOver }
    }

    private static let deadlinePassed = QueryError(
        .deadlineExceeded,
        "The request's deadline passed before its answer was complete.",
    )

    private func failExpired(now: ContinuousClock.Instant) {
        for sequence in waiting + running where sequence.request.deadline <= now {
            sequence.fail(Self.deadlinePassed)
        }
        waiting.removeAll { $0.isOver }
        removeFinished()
    }

    /// Ends what waits for an expert when nothing else runs: it would hold up other weights, and everybody behind them.
    ///
    /// What has said nothing yet begins anew with those.
    private func clearParked() {
        guard running.allSatisfy({ isParked($0) }) else { return }
        for sequence in running.reversed() {
            guard let expert = sequence.parking?.expert else { continue }
            if sequence.isUntold {
                memory.release(sequence)
                sequence.parking = nil
                running.removeAll { $0 === sequence }
                waiting.insert(sequence, at: 0)
                continue
            }
            sequence.fail(
                QueryError(
                    .expertUnavailable,
                    "Expert \(expert) is not available, and other weights are served from now on; ask again.",
                )
            )
        }
        removeFinished()
    }

    private func admit(_ ids: [UInt64]) {
        for id in ids {
            guard let index = waiting.firstIndex(where: { $0.id == id }) else { continue }
            let sequence = waiting.remove(at: index)
            sequence.timings.queued = sequence.submitted.duration(to: .now)
            memory.admit(sequence, on: pool)
            running.append(sequence)
        }
    }

    private func compute(_ work: [(sequence: Sequence, rows: Int)]) {
        var parts: [PassPart] = []
        var firstRow = 0
        let input = gatherInput(work)
        for (sequence, rows) in work {
            guard let cache = sequence.cache else { continue }
            parts.append(
                PassPart(sequence: sequence, cache: cache, rows: firstRow..<firstRow + rows, position: cache.count)
            )
            firstRow += rows
        }
        let start = ContinuousClock.now
        let pieces = makePieces(parts, input: input)
        model.language.forward(pieces.map(\.pass), executor: plane, on: pool)
        for piece in pieces { metrics.recordRouted(piece.observer.routedRows) }
        for part in parts { settle(part, pieces: pieces) }
        let ready = parts.filter { !$0.sequence.isOver && !$0.sequence.isParked && $0.sequence.promptLeft == 0 }
        if !ready.isEmpty {
            // Of a prompt only the last row says something new; a choice is judged by each of its rows.
            let rows = ready.map { $0.position < $0.sequence.promptLength ? $0.rows.suffix(1) : $0.rows }
            let places = rows.flatMap { $0.compactMap { row in PassPiece.place(of: row, in: pieces) } }
            let logits = model.language.logits(of: places, on: pool)
            var firstRow = 0
            for (part, rows) in zip(ready, rows) {
                advance(part, logits: logits, rows: firstRow..<firstRow + rows.count)
                firstRow += rows.count
            }
        }
        metrics.recordStep(rows: firstRow, duration: start.duration(to: .now))
    }

    /// The micro-batches of a step.
    private func makePieces(_ parts: [PassPart], input: borrowing Tensor) -> [PassPiece] {
        // The pass is worth its time as long as one of its sequences is.
        let deadline = parts.map(\.sequence.request.deadline).max() ?? .now
        let ids = Set(parts.map(\.sequence.id))
        var cutter = PassCutter(most: limits.microBatches ?? plane.microBatches)
        // A few rows read the weights once, and those of two micro-batches twice: not of its own accord.
        cutter.decodeRows = limits.decodeRowsPerMicroBatch ?? (limits.microBatches == nil ? 16 : cutter.decodeRows)
        cutter.promptRows = limits.promptRowsPerMicroBatch
        return cutter.cut(parts.map(\.rows.count)).map { content in
            PassPiece(
                content.map { (parts[$0.part], $0.rows) },
                input: input,
                deadline: deadline,
                expertTimeout: limits.expertTimeout,
                isAbandoned: { [isCancelled] in isCancelled(ids) },
            )
        }
    }

    /// Draws the consequences of a pass for one sequence: it goes on, waits for an expert, or fails.
    private func settle(_ part: PassPart, pieces: [PassPiece]) {
        let sequence = part.sequence
        let failures = part.rows.compactMap { row in
            PassPiece.place(of: row, in: pieces).flatMap { $0.pass.spoiled[$0.row] }
        }
        // A row that may not wait decides before one that may.
        let spoiled = failures.first { !waits(sequence, for: $0) } ?? failures.first
        guard let spoiled else {
            sequence.parking = nil
            for piece in pieces { piece.observer.commit(sequence) }
            if sequence.tallies.contains(where: \.isDegraded) {
                if !sequence.isDegraded { metrics.recordDegraded() }
                sequence.degrade()
            }
            return
        }
        // Whose time ran out: the request's own, or the expert's.
        if sequence.request.deadline <= .now {
            sequence.fail(Self.deadlinePassed)
        } else if waits(sequence, for: spoiled) {
            // As if the step had not been: its keys and values are written again.
            part.cache.truncate(to: part.position)
            sequence.parking = Parking(for: spoiled.expert, after: sequence.parking, now: .now)
            metrics.recordParked()
        } else {
            sequence.fail(QueryError(spoiled))
        }
    }

    private func waits(_ sequence: Sequence, for failure: ExpertFailure) -> Bool {
        failure.canHeal && sequence.request.onMissing.policy(for: failure.expert) == .wait
    }

    /// Whether a sequence waits for an expert that is still missing.
    private func isParked(_ sequence: Sequence) -> Bool {
        guard let parking = sequence.parking else { return false }
        return parking.until > .now || !plane.serves(parking.expert)
    }

    /// How long the loop may wait for something new: not past the next try of a sequence that waits for an expert.
    var patience: Duration {
        let next = running.compactMap { $0.parking?.until }.min().map { ContinuousClock.now.duration(to: $0) }
        return min(.seconds(1), max(.milliseconds(1), next ?? .seconds(1)))
    }

    /// The rows of a step: parts of prompts, and the embeddings of the last tokens.
    private func gatherInput(_ work: [(sequence: Sequence, rows: Int)]) -> Tensor {
        let total = work.reduce(0) { $0 + $1.rows }
        var input = Tensor(uninitialized: TensorShape(total, model.language.hiddenSize))
        var firstRow = 0
        for (sequence, rows) in work {
            let position = sequence.cache?.count ?? 0
            if sequence.promptLeft > 0 {
                sequence.copyPrompt(rows: position..<position + rows, to: firstRow, of: &input)
            } else if let scoring = sequence.scoring {
                input.copyRows(
                    from: model.language.embed(scoring.input(rows: rows)),
                    first: 0,
                    count: rows,
                    to: firstRow
                )
            } else if let last = sequence.generated.last {
                input.copyRows(from: model.language.embed([last]), first: 0, count: 1, to: firstRow)
            }
            firstRow += rows
        }
        return input
    }

    private static let notNumbers = QueryError(
        .internalError,
        "The model's output is not a number; the weights may be damaged.",
    )

    /// Goes on with a sequence by the logits of some rows: one, or those of a choice.
    private func advance(_ part: PassPart, logits: borrowing Tensor, rows: Range<Int>) {
        let sequence = part.sequence
        // Its blocks are for others once its first logits have been seen to be numbers.
        let isRead = sequence.prompt != nil
        sequence.prompt = nil
        defer { if isRead, !sequence.isFailed, !sequence.isDegraded { memory.keep(sequence) } }
        let columns = logits.columns
        guard sequence.scoring == nil else {
            for row in rows { choose(part, logits: logits.span.extracting(row * columns..<(row + 1) * columns)) }
            return
        }
        let row = rows.lowerBound
        guard let token = sequence.sampler.sample(logits.span.extracting(row * columns..<(row + 1) * columns)) else {
            sequence.fail(Self.notNumbers)
            return
        }
        let isFirst = sequence.generated.isEmpty
        let isEnd = !sequence.request.ignoresEnd && model.endTokenIDs.contains(token)
        let now = ContinuousClock.now
        let isOver = sequence.append(token, isEnd: isEnd, now: now)
        if isFirst {
            metrics.recordFirstToken(sequence.timings, promptTokens: sequence.promptLength - sequence.cachedPositions)
        }
        if isOver { metrics.recordFinished(sequence.timings, tokens: sequence.generated.count) }
    }

    /// Judges the choices by one row of logits, and finishes after the last.
    private func choose(_ part: PassPart, logits: Span<Float>) {
        let sequence = part.sequence
        guard var scoring = sequence.scoring, !sequence.isOver else { return }
        let isPrompt = part.position < sequence.promptLength
        let isComplete = isPrompt ? (scoring.takePrompt(logits) ? false : nil) : scoring.takeRow(logits)
        guard let isComplete else {
            sequence.fail(Self.notNumbers)
            return
        }
        sequence.scoring = scoring
        if isComplete { part.cache.truncate(to: sequence.promptLength) }
        let now = ContinuousClock.now
        if isPrompt {
            sequence.timings.timeToFirstToken = sequence.submitted.duration(to: now)
            metrics.recordFirstToken(sequence.timings, promptTokens: sequence.promptLength - sequence.cachedPositions)
        }
        guard scoring.isOver else { return }
        sequence.finishChoosing(now: now)
        metrics.recordFinished(sequence.timings, tokens: sequence.generated.count)
    }
}

extension Sequence {
    /// Copies some rows of the prompt into a step's input.
    func copyPrompt(rows: Range<Int>, to target: Int, of input: inout Tensor) {
        switch prompt {
        case .some(let prompt):
            input.copyRows(from: prompt, first: rows.lowerBound - cachedPositions, count: rows.count, to: target)
        case .none: break
        }
    }
}
