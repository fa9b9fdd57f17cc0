package import Kernels
package import Model
package import Shared
package import Transport

/// The node itself, without sockets: messages in, messages out, one batch a step.
///
/// It lives on the node's compute thread (or in a test, with a clock turned by hand).
package final class ExpertNodeCore: InProcessNode {
    /// What a node is and may take.
    package struct Settings: Sendable {
        /// The node's name.
        package var node: NodeID
        /// Random at each start of the process.
        package var incarnation: UInt64
        /// The layout hash of the model that its experts belong to.
        package var modelHash: WeightsHash
        /// Numbers in a row of the model.
        package var hiddenSize: Int
        /// What its experts compute with.
        package var numerics: String
        /// The placement that the node was started with.
        package var placementEpoch: UInt64
        /// Bytes of rows that may wait.
        package var queueBytes: Int
        /// The longest frame that it accepts.
        package var maximumMessageBytes: Int
        /// Bytes that its experts may take when routers place them; nil for any number.
        package var memoryBytes: Int?
        /// Time between two proofs of an expert in a quiet node, one expert after another; nil for none.
        package var canaryInterval: Duration? = .seconds(2)

        /// Describes a node.
        package init(
            node: NodeID,
            incarnation: UInt64,
            modelHash: WeightsHash,
            hiddenSize: Int,
            numerics: String,
            placementEpoch: UInt64 = 1,
            queueBytes: Int = 256 << 20,
            maximumMessageBytes: Int = 64 << 20,
        ) {
            self.node = node
            self.incarnation = incarnation
            self.modelHash = modelHash
            self.hiddenSize = hiddenSize
            self.numerics = numerics
            self.placementEpoch = placementEpoch
            self.queueBytes = queueBytes
            self.maximumMessageBytes = maximumMessageBytes
        }
    }

    let settings: Settings
    let pool: ThreadPool
    let metrics: NodeMetrics
    /// Who reads experts that routers place here; nil where they may not.
    let loader: (any ExpertLoading)?
    let now: () -> ContinuousClock.Instant
    var store: ExpertStore
    var routers = RouterTable()
    var batcher: ExpertBatcher
    /// What happened since somebody asked.
    var events: [NodeEvent] = []
    /// When the canary was last sent.
    var lastCanary: ContinuousClock.Instant
    /// Goes up whenever `health` has changed.
    package internal(set) var healthRevision = 0
    private(set) var validator: DispatchValidator
    /// Answers that wait for the end of this step.
    var replies: [OutboundReply] = []
    private var progress: UInt64 = 0
    private var isStopping = false
    var isAssignedToDrain = false

    /// Makes a node over loaded experts; `checksums` are those of the canary's outputs when they were loaded.
    package init(
        settings: Settings,
        experts: ExpertBank,
        checksums: [ExpertID: UInt32] = [:],
        loader: (any ExpertLoading)? = nil,
        pool: ThreadPool,
        metrics: NodeMetrics,
        now: @escaping () -> ContinuousClock.Instant = { .now },
    ) {
        self.settings = settings
        self.pool = pool
        self.metrics = metrics
        self.loader = loader
        self.now = now
        lastCanary = now()
        store = ExpertStore(bank: experts, checksums: checksums, epoch: settings.placementEpoch, now: lastCanary)
        validator = DispatchValidator(
            experts: experts,
            hiddenSize: settings.hiddenSize,
            placementEpoch: settings.placementEpoch,
        )
        batcher = ExpertBatcher(capacityBytes: settings.queueBytes)
    }

    /// Keeps the calling thread on the cores that the node computes on.
    package func adoptThread() { pool.adoptCaller() }

    /// Whether rows wait to be computed.
    package var hasWork: Bool { !batcher.isEmpty }

    /// What the node says of itself to a router.
    package var hello: HelloMessage {
        HelloMessage(
            sender: settings.node.rawValue,
            incarnation: settings.incarnation,
            role: .expertNode,
            modelHash: settings.modelHash,
            hiddenSize: settings.hiddenSize,
            placementEpoch: store.epoch,
            experts: store.ready.map { HostedExpert(expert: $0, weightsHash: store.bank.hash(of: $0)) },
            numerics: settings.numerics,
            software: SoftwareVersion.current,
            maximumMessageBytes: UInt64(settings.maximumMessageBytes),
            draining: isDraining,
        )
    }

    /// Takes one message in; answers wait for the next `step`.
    package func receive(_ event: PeerEvent) {
        switch event {
        case .malformed(let peer, let error):
            // Counted apart from requests that are understood and refused.
            metrics.recordFault(error.code == .checksum ? "corrupt" : "malformed")
            let code: FaultCode = error.code == .unknownElementType ? .unsupported : .invalidRequest
            // What the wire spoiled may be sent again; what the sender got wrong will be wrong again.
            let refusal = validator.make(code, error.message, retryable: error.code == .checksum)
            reply(WireHeader(request: error.request, body: .fault(refusal)), to: peer)
        case .message(let peer, let header, let frame):
            routers.heard(peer, at: now())
            switch header.body {
            case .hello(let router):
                greeted(peer, incarnation: router.incarnation)
                reply(WireHeader(request: header.request, body: .hello(hello)), to: peer)
            case .heartbeat:
                reply(WireHeader(request: header.request, body: .heartbeat(heartbeat)), to: peer)
            case .dispatch(let message):
                accept(message, frame: frame, request: header.request, from: peer)
            case .cancel:
                if batcher.cancel(peer: peer, request: header.request) { metrics.recordCancelled() }
            case .goodbye:
                forget(peer)
            case .fault:
                break
            case .assign(let assignment):
                follow(assignment, request: header.request, from: peer)
            case .result:
                let message = "An expert node takes dispatches; a result came."
                fault(validator.make(.unsupported, message, retryable: false), request: header.request, to: peer)
            }
        }
        metrics.record(queuedRows: batcher.queuedRows, queuedBytes: batcher.queuedBytes)
    }

    /// Computes one batch, if any waits, and hands out all answers that are ready.
    package func step() -> [OutboundReply] {
        takeLoaded()
        for expired in batcher.removeExpired(now: now()) {
            let message = "The time budget of \(expired.message.deadlineMilliseconds) ms was used up in the queue."
            fault(
                validator.make(.deadlineExceeded, message, retryable: false),
                request: expired.request,
                to: expired.peer,
            )
        }
        let batch = batcher.nextBatch()
        if let batch { compute(batch) }
        unloadUnused()
        // What is ready is not kept waiting for a proof.
        proveNext(isIdle: batch == nil && replies.isEmpty)
        probeRouters()
        metrics.record(queuedRows: batcher.queuedRows, queuedBytes: batcher.queuedBytes)
        defer { replies = [] }
        return replies
    }

    /// Takes no more dispatches; what is queued is still computed.
    package func drain() {
        isStopping = true
    }

    /// Whether it takes no more dispatches: it stops, or a placement says so.
    var isDraining: Bool { isStopping || isAssignedToDrain }

    /// What the node serves has changed: dispatches are checked by that, and every router is told if it concerns them.
    func servesAnew(tells: Bool = true) {
        validator = DispatchValidator(
            experts: store.bank,
            hiddenSize: settings.hiddenSize,
            placementEpoch: store.epoch,
            notReady: store.notReady,
            leaving: store.leaving,
        )
        healthRevision += 1
        guard tells else { return }
        for router in routers.greeted { reply(WireHeader(body: .hello(hello)), to: router) }
    }

    var heartbeat: HeartbeatMessage {
        HeartbeatMessage(
            incarnation: settings.incarnation,
            progress: progress,
            queuedRows: batcher.queuedRows,
            draining: isDraining,
        )
    }

    private func accept(_ message: DispatchMessage, frame: Frame?, request: UInt64, from peer: PeerID) {
        if isDraining {
            let text = "Node \(settings.node) is draining and takes no more rows."
            fault(validator.make(.draining, text, retryable: true), request: request, to: peer)
            return
        }
        if let refusal = validator.fault(for: message, tensorBytes: frame?.byteCount) {
            fault(refusal, request: request, to: peer)
            return
        }
        guard let frame, let output = try? Frame(byteCount: frame.byteCount) else {
            let text = "Node \(settings.node) has no memory for the result."
            fault(validator.make(.busy, text, retryable: true), request: request, to: peer)
            return
        }
        let dispatch = PendingDispatch(
            peer: peer,
            request: request,
            message: message,
            input: frame,
            output: output,
            accepted: now(),
        )
        if !batcher.add(dispatch) {
            let text = "The queue of node \(settings.node) holds at most \(settings.queueBytes) bytes and is full."
            fault(validator.make(.busy, text, retryable: true), request: request, to: peer)
        }
    }

    private func compute(_ batch: ExpertBatcher.Batch) {
        let start = now()
        for part in batch.parts where part.dispatch.started == nil { part.dispatch.started = start }
        let isPlain = batch.parts.count == 1 && batch.parts[0].dispatch.message.dtype == .float32
        guard isPlain ? computeInPlace(batch) : computeGathered(batch) else { return }
        let elapsed = start.duration(to: now())
        for part in batch.parts {
            part.dispatch.advance(group: part.group, rows: part.rows)
            part.dispatch.computeTime += elapsed
        }
        progress += 1
        metrics.recordBatch(expert: batch.expert, rows: batch.rows, dispatches: batch.parts.count, duration: elapsed)
        for part in batch.parts {
            if part.dispatch.isSpoiled {
                refuseOutputs(of: part.dispatch, expert: batch.expert)
            } else if part.dispatch.isComplete {
                finish(part.dispatch)
            }
        }
    }

    /// One dispatch's rows of floats, from the frame that came to the frame that goes: nothing is copied.
    private func computeInPlace(_ batch: ExpertBatcher.Batch) -> Bool {
        let part = batch.parts[0]
        let offset = part.dispatch.nextRow(ofGroup: part.group) * settings.hiddenSize
        let shape = TensorShape(part.rows, settings.hiddenSize)
        return store.bank.compute(
            batch.expert,
            rows: Tensor(viewing: part.dispatch.input, offset: offset, shape: shape),
            into: Tensor(viewing: part.dispatch.output, offset: offset, shape: shape),
            on: pool,
        )
    }

    /// Rows of several dispatches or of other numbers than floats, widened together and narrowed apart again.
    private func computeGathered(_ batch: ExpertBatcher.Batch) -> Bool {
        var input = Tensor(uninitialized: TensorShape(batch.rows, settings.hiddenSize))
        var next = 0
        for part in batch.parts {
            let offset = part.dispatch.nextRow(ofGroup: part.group) * settings.hiddenSize
            let (kind, frame) = (part.dispatch.message.dtype.kind, part.dispatch.input)
            input.scatter(Array(next..<next + part.rows), as: kind, from: frame.bytes, at: offset)
            next += part.rows
        }
        guard let output = store.bank.compute(batch.expert, rows: input, on: pool) else { return false }
        next = 0
        for part in batch.parts {
            let offset = part.dispatch.nextRow(ofGroup: part.group) * settings.hiddenSize
            let rows = Array(next..<next + part.rows)
            let kind = part.dispatch.message.dtype.kind
            part.dispatch.output.withMutableBytes { bytes in
                if !output.gather(rows, as: kind, into: &bytes, at: offset) { part.dispatch.isSpoiled = true }
            }
            next += part.rows
        }
        return true
    }

    /// An infinite number in place of a large one would be a wrong answer.
    private func refuseOutputs(of dispatch: PendingDispatch, expert: ExpertID) {
        guard batcher.queue.contains(where: { $0 === dispatch }) else { return }
        batcher.remove(dispatch)
        let text = "An output of expert \(expert) does not fit f16; use --wire-dtype bf16 or f32 at the router."
        let refusal = validator.make(.unsupported, text, expert: expert, retryable: false)
        fault(refusal, request: dispatch.request, to: dispatch.peer)
    }

    private func finish(_ dispatch: PendingDispatch) {
        // A dispatch may have two groups for one expert; it is answered once.
        guard batcher.queue.contains(where: { $0 === dispatch }) else { return }
        batcher.remove(dispatch)
        let waited = dispatch.accepted.duration(to: dispatch.started ?? dispatch.accepted)
        metrics.recordQueueWait(waited)
        let groups = dispatch.message.groups.map { group in
            RowGroup(expert: group.expert, rows: group.rows, weightsHash: store.bank.hash(of: group.expert))
        }
        let result = ResultMessage(
            groups: groups,
            hiddenSize: settings.hiddenSize,
            dtype: dispatch.message.dtype,
            queueMicroseconds: waited.microseconds,
            computeMicroseconds: dispatch.computeTime.microseconds,
            placementEpoch: store.epoch,
        )
        let header = WireHeader(request: dispatch.request, body: .result(result))
        replies.append(OutboundReply(peer: dispatch.peer, header: header, tensor: dispatch.output))
    }

    func reply(_ header: WireHeader, to peer: PeerID) {
        replies.append(OutboundReply(peer: peer, header: header, tensor: nil))
    }

    func refuse(
        _ code: FaultCode,
        _ sentence: String,
        expert: ExpertID? = nil,
        retryable: Bool,
        request: UInt64,
        to peer: PeerID,
    ) {
        let refusal = validator.make(code, sentence, expert: expert, retryable: retryable)
        fault(refusal, request: request, to: peer)
    }

    private func fault(_ fault: FaultMessage, request: UInt64, to peer: PeerID) {
        metrics.recordFault(fault.code.rawValue)
        reply(WireHeader(request: request, body: .fault(fault)), to: peer)
    }
}
