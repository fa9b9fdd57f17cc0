internal import Kernels
package import Logging
package import Model
internal import Shared
internal import Synchronization
package import Transport

/// The seam over the network: plans a layer's rows by node, sends them all at once, and puts the answers together.
///
/// It lives on the compute thread, which owns the transport's sockets: no hop to another thread between gate and wire.
package final class RemoteExpertPlane: ExpertPlane {
    /// How the router introduces itself and what it demands.
    package struct Settings: Sendable {
        /// The router's name.
        package var router: String
        /// Random at each start.
        package var incarnation: UInt64
        /// What nodes have to serve.
        package var expectation: ModelExpectation
        /// The placement's epoch.
        package var epoch: UInt64
        /// The intervals of the links.
        package var timing: LinkStateMachine.Timing
        /// The longest frame that is sent or taken.
        package var maximumMessageBytes: Int
        /// What rows are rounded to on their way to the nodes, and by these on the way back.
        package var wireDType: WireDType

        /// Describes a router.
        package init(
            router: String,
            incarnation: UInt64,
            expectation: ModelExpectation,
            epoch: UInt64 = 1,
            timing: LinkStateMachine.Timing = .init(),
            maximumMessageBytes: Int = 64 << 20,
            wireDType: WireDType = .float32,
        ) {
            self.router = router
            self.incarnation = incarnation
            self.expectation = expectation
            self.epoch = epoch
            self.timing = timing
            self.maximumMessageBytes = maximumMessageBytes
            self.wireDType = wireDType
        }
    }

    private let settings: Settings
    private let transport: any ExpertTransport
    private let metrics: RouterMetrics
    private let logger: Logger
    private let publish: @Sendable (ClusterStatus) -> Void
    private let now: () -> ContinuousClock.Instant
    private let start: ContinuousClock.Instant
    private var registry: NodeRegistry
    private var machine = DispatchStateMachine()
    private var lastRequest: UInt64 = 0
    private var lastStatus: ClusterStatus?
    private var publishedRevision = -1
    private var lastTick: Duration = .zero
    private var batches: UInt64 = 0

    /// Experts that this process computes itself, while the nodes compute theirs.
    private let local: LocalExperts?
    /// Called before a wait for nodes: whoever else computes here may make room.
    package var idle: () -> Void = {}

    /// Connects to the nodes; `publish` hears of every change of the cluster.
    package init(
        settings: Settings,
        transport: any ExpertTransport,
        endpoints: [String],
        metrics: RouterMetrics,
        logger: Logger,
        local: LocalExperts? = nil,
        now: @escaping () -> ContinuousClock.Instant = { .now },
        publish: @escaping @Sendable (ClusterStatus) -> Void,
    ) throws(TransportError) {
        self.settings = settings
        self.transport = transport
        self.metrics = metrics
        self.logger = logger
        self.publish = publish
        self.now = now
        self.local = local
        start = now()
        registry = NodeRegistry(
            expectation: settings.expectation,
            epoch: settings.epoch,
            local: local.map { (NodeID(settings.router), $0.experts.experts) },
        )
        for endpoint in endpoints {
            registry.add(try transport.connect(endpoint), endpoint: endpoint, timing: settings.timing)
        }
        publishStatus()
    }

    /// Ends a wait from any thread.
    package var waker: Waker { transport.waker }

    /// Serves the links: hellos, heartbeats, joins and losses.
    package func serveLinks(for timeout: Duration) {
        let interval = settings.timing.heartbeatInterval / 2
        do {
            for event in try transport.poll(timeout: min(timeout, interval)) { handle(event, answers: nil) }
        } catch {
            logger.error("The links cannot be polled.", metadata: ["error": "\(error)"])
        }
        tick(nil)
        publishStatus()
    }

    /// Runs the rows of one layer on the nodes; returns when all have answered, failed, or the deadline passed.
    package func execute(_ call: borrowing ExpertCall) -> ExpertOutputs {
        let answers = LayerAnswers(call, dtype: settings.wireDType)
        // What waited on the links is news: a node that just came or went.
        drainLinks(answers: nil)
        let plan = DispatchPlan(
            layer: call.layer,
            routing: call.routing,
            wantsMeta: call.wantsMeta,
            liveRows: call.liveRows,
            skippedRows: call.skippedRows,
            hashHere: { local?.experts.hash(of: $0) },
            host: registry.host(of:),
        )
        for expert in plan.unplaced {
            answers.fail(expert, .unavailable, registry.reasonForAbsence(of: expert))
            metrics.recordDispatchFailure(node: "none", reason: "unplaced")
        }
        let budget = now().duration(to: call.deadline)
        for dispatch in plan.dispatches { send(dispatch, input: call.input, budget: budget, answers: answers) }
        batches += 1
        // The nodes have their rows and work; now for those that stay.
        if let local, !plan.here.isEmpty {
            let work = plan.here.map { (expert: $0.expert, rows: $0.inputRows) }
            for (group, computed) in zip(plan.here, local.experts.compute(work, of: call.input, on: local.pool)) {
                answers.accept(group, computed: computed, node: NodeID(settings.router))
            }
            // What came meanwhile counts, however long this took.
            for event in (try? transport.poll(timeout: .zero)) ?? [] { handle(event, answers: answers) }
        }
        if !machine.isComplete { idle() }
        while !machine.isComplete {
            let left = now().duration(to: call.deadline)
            guard left > .zero else {
                giveUp(answers)
                break
            }
            do {
                let wait = min(left, settings.timing.heartbeatInterval / 2)
                for event in try transport.poll(timeout: wait, expecting: machine.links) {
                    handle(event, answers: answers)
                }
            } catch {
                logger.error("The links cannot be polled.", metadata: ["error": "\(error)"])
                giveUp(answers)
            }
            tick(answers)
            publishStatus()
        }
        publishStatus()
        return answers.take()
    }

    private func send(
        _ dispatch: DispatchPlan.NodeDispatch,
        input: borrowing Tensor,
        budget: Duration,
        answers: LayerAnswers,
    ) {
        lastRequest += 1
        let message = DispatchMessage(
            groups: dispatch.groups.map {
                RowGroup(expert: $0.expert, rows: $0.inputRows.count, weightsHash: $0.weightsHash)
            },
            hiddenSize: input.columns,
            dtype: settings.wireDType,
            deadlineMilliseconds: max(1, budget.milliseconds),
            placementEpoch: settings.epoch,
        )
        do {
            let limit = min(settings.maximumMessageBytes, registry.maximumMessageBytes(of: dispatch.link))
            let bytes = try message.tensorByteCount()
            guard bytes <= limit else {
                let words =
                    "takes messages of \(limit) bytes and these rows have \(bytes); "
                    + "lower --max-rows or raise its --max-message-mib"
                return fail(dispatch, .refused, words, reason: "message_too_large", answers: answers)
            }
            let frame = try Frame(byteCount: bytes)
            guard fill(frame, dispatch, input: input) else {
                let words = "takes rows as f16 and a number of theirs does not fit f16; use --wire-dtype bf16 or f32"
                return fail(dispatch, .refused, words, reason: "overflow", answers: answers)
            }
            let header = WireHeader(request: lastRequest, body: .dispatch(message))
            try transport.send(header, tensor: frame, to: dispatch.link)
            machine.sent(lastRequest, dispatch)
            answers.sentAt[lastRequest] = now()
        } catch {
            fail(dispatch, .unavailable, "could not be asked (\(error))", reason: "send", answers: answers)
        }
    }

    /// Gathers the rows of a dispatch, rounded for the wire; false when one of their numbers would become infinite.
    private func fill(_ frame: Frame, _ dispatch: DispatchPlan.NodeDispatch, input: borrowing Tensor) -> Bool {
        let kind = settings.wireDType.kind
        var offset = 0
        for group in dispatch.groups {
            var fits = true
            frame.withMutableBytes { fits = input.gather(group.inputRows, as: kind, into: &$0, at: offset) }
            guard fits else { return false }
            offset += group.inputRows.count * input.columns
        }
        return true
    }

    private func drainLinks(answers: LayerAnswers?) {
        guard let events = try? transport.glance() else { return }
        for event in events { handle(event, answers: answers) }
        tick(answers)
    }

    /// Lets time pass for the links, not with every answer but often enough for every interval of theirs.
    private func tick(_ answers: LayerAnswers?) {
        let time = start.duration(to: now())
        guard time - lastTick >= settings.timing.heartbeatInterval / 32 || lastTick == .zero else { return }
        lastTick = time
        perform(registry.tick(at: time), answers: answers)
    }

    private func handle(_ event: LinkEvent, answers: LayerAnswers?) {
        let actions = registry.handle(event, at: start.duration(to: now()))
        perform(actions, answers: answers)
        switch event {
        case .message(let link, let header, let frame):
            switch header.body {
            case .result(let result): take(result, frame: frame, request: header.request, from: link, answers: answers)
            case .fault(let fault): take(fault, request: header.request, from: link, answers: answers)
            default: break
            }
        case .malformed(let link, let error):
            if error.request != 0, let dispatch = machine.replied(error.request, from: link), let answers {
                fail(dispatch, .refused, "answered what cannot be read", reason: "malformed", answers: answers)
            }
            metrics.recordDroppedReply(reason: "malformed")
            logger.warning(
                "A message of a node was not understood and was dropped.",
                metadata: ["node.id": "\(registry.name(of: link))", "error": "\(error)"],
            )
        case .connected, .disconnected: break
        }
    }

    private func take(
        _ result: ResultMessage,
        frame: Frame?,
        request: UInt64,
        from link: LinkID,
        answers: LayerAnswers?,
    ) {
        guard let dispatch = machine.replied(request, from: link), let answers else {
            metrics.recordDroppedReply(reason: "late")
            return
        }
        guard let frame, answers.accept(result, frame: frame, dispatch: dispatch) else {
            fail(dispatch, .refused, "answered with rows that were not asked for", reason: "mismatch", answers: answers)
            return
        }
        let elapsed = (answers.sentAt[request] ?? now()).duration(to: now())
        metrics.recordDispatch(
            node: dispatch.node,
            rows: dispatch.rowCount,
            bytes: 2 * frame.byteCount,
            duration: elapsed,
        )
    }

    private func take(_ fault: FaultMessage, request: UInt64, from link: LinkID, answers: LayerAnswers?) {
        guard let dispatch = machine.replied(request, from: link), let answers else {
            metrics.recordDroppedReply(reason: "late")
            return
        }
        let code: ExpertFailure.Code = fault.code == .deadlineExceeded ? .timedOut : .refused
        let words = "answered \(fault.code.rawValue): \(fault.message)"
        fail(dispatch, code, words, reason: fault.code.rawValue, answers: answers)
    }

    private func perform(_ actions: [NodeRegistry.Action], answers: LayerAnswers?) {
        for action in actions {
            switch action {
            case .sendHello(let link): try? transport.send(WireHeader(body: .hello(hello)), tensor: nil, to: link)
            case .sendHeartbeat(let link):
                try? transport.send(WireHeader(body: .heartbeat(heartbeat)), tensor: nil, to: link)
            case .joined(let link): log(link, "joined", "A node serves.", level: .notice)
            case .suspect(let link): log(link, "suspect", "A node is silent.", level: .warning)
            case .refused(let link, let reason): log(link, "refused", "A node is refused: \(reason)", level: .error)
            case .lost(let link, let reason):
                log(link, "lost", "A node is lost: \(reason).", level: .warning)
                for dispatch in machine.lost(link) {
                    guard let answers else { continue }
                    fail(dispatch, .unavailable, "was lost (\(reason))", reason: "lost", answers: answers)
                }
            }
        }
    }

    private func giveUp(_ answers: LayerAnswers) {
        for (request, dispatch) in machine.expired() {
            try? transport.send(WireHeader(request: request, body: .cancel), tensor: nil, to: dispatch.link)
            fail(dispatch, .timedOut, "did not answer in time", reason: "deadline", answers: answers)
        }
    }

    private func fail(
        _ dispatch: DispatchPlan.NodeDispatch,
        _ code: ExpertFailure.Code,
        _ words: String,
        reason: String,
        answers: LayerAnswers,
    ) {
        metrics.recordDispatchFailure(node: dispatch.node.rawValue, reason: reason)
        for group in dispatch.groups {
            answers.fail(group.expert, code, "node \(dispatch.node) \(words)")
        }
    }

    private func log(_ link: LinkID, _ change: String, _ text: String, level: Logger.Level) {
        let name = registry.name(of: link)
        metrics.recordLink(node: name, change: change)
        logger.log(level: level, "\(text)", metadata: ["node.id": "\(name)"])
    }

    private func publishStatus() {
        guard registry.revision != publishedRevision else { return }
        publishedRevision = registry.revision
        let status = registry.status
        guard status != lastStatus else { return }
        lastStatus = status
        publish(status)
    }

    private var hello: HelloMessage {
        HelloMessage(
            sender: settings.router,
            incarnation: settings.incarnation,
            role: .router,
            modelHash: settings.expectation.layoutHash,
            hiddenSize: settings.expectation.hiddenSize,
            placementEpoch: settings.epoch,
            numerics: settings.expectation.numerics,
            software: SoftwareVersion.current,
            maximumMessageBytes: UInt64(settings.maximumMessageBytes),
        )
    }

    private var heartbeat: HeartbeatMessage {
        HeartbeatMessage(incarnation: settings.incarnation, progress: batches, queuedRows: 0)
    }
}
