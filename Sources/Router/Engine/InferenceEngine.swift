internal import Foundation
package import Kernels
package import Model
internal import Synchronization

/// Runs queries: takes them in from any thread, computes them together on one compute thread, streams what comes out.
///
/// A query is *waiting* until the scheduler admits it, *running* while its prompt is read and its answer generated,
/// and over after exactly one `finished` or `failed`. A caller that drops its stream cancels the query: it is gone at
/// the next step.
package final class InferenceEngine: Sendable {
    /// Bounds of the engine.
    package struct Limits: Sendable, Equatable {
        /// What a step may take.
        package var scheduling = Scheduler.Limits()
        /// Queries that may wait; one more is refused.
        package var waitingSequences = 64
        /// Whether finished blocks are kept for prompts that begin the same way.
        package var keepsPrefixes = true
        /// Bytes of picture embeddings that are kept.
        package var imageCacheBytes = 64 << 20
        /// Time that one call to the experts of a layer may take.
        package var expertTimeout: Duration = .seconds(5)
        /// Micro-batches of a step at most; nil for what the plane finds worth it.
        package var microBatches: Int?
        /// Rows that a micro-batch of a step that reads prompts has at least.
        package var promptRowsPerMicroBatch = 128
        /// Rows that a micro-batch of a step without prompts has at least; nil for few where `microBatches` is given, and
        /// for many where it is not.
        package var decodeRowsPerMicroBatch: Int?

        /// The defaults.
        package init() {}
    }

    private enum Command {
        case submit(
            GenerationRequest,
            id: UInt64,
            at: ContinuousClock.Instant,
            emit: @Sendable (GenerationEvent) -> Void
        )
        case cancel(UInt64)
    }

    private struct Inbox {
        var commands: [Command] = []
        var nextID: UInt64 = 1
        var isRunning = false
        var isDraining = false
        var isStopped = false
        var load = EngineLoad()
        var pace = CompletionPace()
    }

    /// The model it runs.
    package let model: MedMoEModel
    /// Its bounds.
    package let limits: Limits
    private let metrics: RouterMetrics
    private let inbox = Mutex(Inbox())
    private let wake: @Sendable () -> Void

    /// Makes an engine for a model; `run` has to be called on a thread of its own.
    ///
    /// `wake` ends the plane's wait.
    package init(model: MedMoEModel, limits: Limits, metrics: RouterMetrics, wake: @escaping @Sendable () -> Void) {
        self.model = model
        self.limits = limits
        self.metrics = metrics
        self.wake = wake
    }

    /// Queries in the engine now.
    package var load: EngineLoad { inbox.withLock { $0.load } }

    /// Whether the loop runs and queries are taken in.
    package var isServing: Bool { inbox.withLock { $0.isRunning && !$0.isDraining } }

    /// Takes a query in, or says at once why not.
    package func submit(_ request: GenerationRequest) throws(QueryError) -> AsyncStream<GenerationEvent> {
        let (stream, continuation) = AsyncStream<GenerationEvent>.makeStream()
        let ending = Ending()
        let limit = limits.waitingSequences
        let id = try inbox.withLock { inbox throws(QueryError) -> UInt64 in
            guard !inbox.isDraining else {
                throw QueryError(.draining, "The server is shutting down and takes no new requests; ask another one.")
            }
            guard inbox.load.waiting < limit else {
                // A quarter of the queue, so that those who come back do not all find it full again.
                let seconds = inbox.pace.seconds(untilFree: (limit + 3) / 4, now: .now)
                throw QueryError(
                    .queueFull,
                    "All \(limit) places of the waiting queue are taken; try again in \(seconds) s.",
                    retryAfter: seconds,
                )
            }
            let id = inbox.nextID
            inbox.nextID += 1
            inbox.load.waiting += 1
            inbox.commands.append(
                .submit(request, id: id, at: .now) { [weak self] event in
                    if event.isLast {
                        ending.note()
                        self?.inbox.withLock { $0.pace.note(.now) }
                    }
                    continuation.yield(event)
                    if event.isLast { continuation.finish() }
                }
            )
            return id
        }
        continuation.onTermination = { [weak self] reason in
            // A caller that has its last event may drop the stream before we close it: that is no cancellation.
            guard case .cancelled = reason, !ending.isNoted, let self else { return }
            self.inbox.withLock { $0.commands.append(.cancel(id)) }
            self.metrics.recordRequest(outcome: "cancelled")
            self.wake()
        }
        metrics.record(load)
        wake()
        return stream
    }

    /// Takes no more queries; `run` returns when those inside are answered.
    package func drain() {
        inbox.withLock { $0.isDraining = true }
        wake()
    }

    /// Ends `run` after the current step; queries inside fail.
    package func stop() {
        inbox.withLock {
            $0.isDraining = true
            $0.isStopped = true
        }
        wake()
    }

    /// The compute loop.
    ///
    /// Blocks its thread until the engine is drained or stopped.
    package func run(on pool: ThreadPool, plane: any ExpertPlane) {
        pool.adoptCaller()
        let loop = EngineLoop(
            model: model,
            limits: limits,
            metrics: metrics,
            pool: pool,
            plane: plane,
            isCancelled: { [weak self] ids in self?.areCancelled(ids) ?? true },
        )
        defer { plane.close() }
        inbox.withLock { $0.isRunning = true }
        while true {
            let (commands, draining, stopped) = inbox.withLock { inbox in
                defer { inbox.commands = [] }
                return (inbox.commands, inbox.isDraining, inbox.isStopped)
            }
            for command in commands {
                switch command {
                case .submit(let request, let id, let at, let emit): loop.add(request, id: id, at: at, emit: emit)
                case .cancel(let id): loop.cancel(id)
                }
            }
            if stopped || (draining && loop.isEmpty) {
                loop.failAll(QueryError(.draining, "The server is shutting down; the answer was cut off."))
                publish(loop.load)
                return
            }
            let worked = loop.step { publish($0) }
            publish(loop.load)
            plane.serveLinks(for: worked ? .zero : loop.patience)
        }
    }

    /// Whether the engine is stopped, or each of these queries is cancelled and the loop does not know it yet.
    private func areCancelled(_ ids: Set<UInt64>) -> Bool {
        inbox.withLock { inbox in
            guard !inbox.isStopped else { return true }
            guard inbox.commands.count >= ids.count else { return false }
            var left = ids
            for command in inbox.commands { if case .cancel(let id) = command { left.remove(id) } }
            return left.isEmpty
        }
    }

    private func publish(_ load: EngineLoad) {
        let all = inbox.withLock { inbox in
            let queued = inbox.commands.count { if case .submit = $0 { true } else { false } }
            inbox.load = EngineLoad(waiting: load.waiting + queued, running: load.running, cached: load.cached)
            return inbox.load
        }
        metrics.record(all)
    }
}

/// How full the engine is.
package struct EngineLoad: Sendable, Equatable {
    /// Queries that wait for admission.
    package var waiting = 0
    /// Queries that compute.
    package var running = 0
    /// Cache positions reserved.
    package var cached = 0

    /// An empty engine, or one of the given load.
    package init(waiting: Int = 0, running: Int = 0, cached: Int = 0) {
        self.waiting = waiting
        self.running = running
        self.cached = cached
    }
}

extension GenerationEvent {
    fileprivate var isLast: Bool {
        switch self {
        case .text, .degraded: false
        case .finished, .failed: true
        }
    }
}

/// Whether a query's last event is on its way.
private final class Ending: Sendable {
    private let noted = Mutex(false)
    var isNoted: Bool { noted.withLock { $0 } }
    func note() { noted.withLock { $0 = true } }
}
