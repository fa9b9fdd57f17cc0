internal import Kernels
package import Logging
package import Model
package import Shared
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
        /// Bytes of rows that a link may owe; more wait here.
        package var linkCreditBytes = 64 << 20
        /// Whether another replica is asked for what one is slow with.
        package var hedges = true
        /// Which keys are trusted to be which nodes, where the wire has keys.
        package var trust: WireTrust?

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

    let settings: Settings
    let transport: any ExpertTransport
    let metrics: RouterMetrics
    let logger: Logger
    private let publish: @Sendable (ClusterStatus) -> Void
    private let now: () -> ContinuousClock.Instant
    private let start: ContinuousClock.Instant
    let nodes: NodeDirectory
    let dispatcher: Dispatcher
    /// Where changes of the placement hang; nil where the nodes are fixed.
    let membership: DocumentBoard?
    private var lastStatus: ClusterStatus?
    private var publishedRevision = -1
    private var lastTick: Duration = .zero
    private var calls: UInt64 = 0
    private var trustRevision = 0

    /// Nodes that people want to drain; looked at whenever time passes for the links.
    package var drains: DrainBoard? {
        didSet {
            let waker = transport.waker
            drains?.onChange { waker.wake() }
        }
    }

    /// Experts that this process computes itself, while the nodes compute theirs.
    private let local: LocalExperts?
    /// Called before a wait for nodes: whoever else computes here may make room.
    package var idle: () -> Void = {}

    /// Connects to the nodes at `endpoints` for good, and to those of the documents in `membership` while they are in one;
    /// `publish` hears of every change of the cluster.
    package init(
        settings: Settings,
        transport: any ExpertTransport,
        endpoints: [String],
        metrics: RouterMetrics,
        logger: Logger,
        local: LocalExperts? = nil,
        membership: DocumentBoard? = nil,
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
        self.membership = membership
        start = now()
        let nodes = NodeDirectory(
            NodeRegistry(
                expectation: settings.expectation,
                epoch: settings.epoch,
                local: local.map { (NodeID(settings.router), $0.experts.experts) },
                trust: settings.trust,
            )
        )
        self.nodes = nodes
        dispatcher = Dispatcher(
            transport: transport,
            settings: settings,
            metrics: metrics,
            now: now,
            directory: .init(
                hosts: { nodes.registry.hosts(of: $0) },
                queuedRows: { nodes.registry.queuedRows(of: $0) },
                maximumMessageBytes: { nodes.registry.maximumMessageBytes(of: $0) },
                epoch: { nodes.registry.epoch },
            ),
        )
        for endpoint in endpoints {
            nodes.registry.add(try transport.connect(endpoint), endpoint: endpoint, timing: settings.timing)
        }
        if let membership {
            let waker = transport.waker
            membership.onChange { waker.wake() }
        }
        followMembership()
        publishStatus()
    }

    /// Ends a wait from any thread.
    package var waker: Waker { transport.waker }

    /// Two where messages are under way for longer than it costs to cut a step; else one.
    package var microBatches: Int { dispatcher.flight >= Self.longFlight ? 2 : 1 }

    /// Below this the smaller products of two micro-batches cost more than the wait that they fill.
    private static let longFlight: Duration = .milliseconds(1)

    /// Whether somebody could be asked for the expert now.
    package func serves(_ expert: ExpertID) -> Bool { nodes.registry.isServed(expert) }

    /// Whether the placement names other weights than are served and nobody would be missing with them.
    package var awaitsRest: Bool {
        guard !nodes.registry.expectation.waiting.isEmpty else { return false }
        publishStatus()
        return lastStatus?.waitingWeights?.isReady ?? false
    }

    /// The weights of an expert that this process computes itself; none where the placement demands others.
    private func hashHere(of expert: ExpertID) -> WeightsHash? {
        guard let hash = local?.experts.hash(of: expert) else { return nil }
        return nodes.registry.expectation.isOfCheckpoint(expert) ? hash : nil
    }

    /// Serves the links: hellos, heartbeats, joins and losses.
    package func serveLinks(for timeout: Duration) {
        let interval = settings.timing.heartbeatInterval / 2
        listen(for: min(timeout, interval))
        followDrains()
        tick()
        publishStatus()
    }

    /// Tells every node that this router leaves, so that they drop what it asked.
    package func close() {
        let goodbye = WireHeader(body: .goodbye(GoodbyeMessage(reason: "shutting down")))
        for link in nodes.registry.connected { try? transport.send(goodbye, tensor: nil, to: link) }
    }

    /// Sends the rows of one layer to their nodes, and computes those that stay; `finish` of what it returns waits until
    /// all have answered, failed, or the deadline passed.
    package func begin(_ call: borrowing ExpertCall) -> any PendingExperts {
        // What waited on the links is news: a node that just came or went.
        if let events = try? transport.glance() {
            for event in events { handle(event) }
            tick()
        }
        let plan = DispatchPlan(
            layer: call.layer,
            routing: call.routing,
            wantsMeta: call.wantsMeta,
            liveRows: call.liveRows,
            skippedRows: call.skippedRows,
            hashHere: { hashHere(of: $0) },
            host: { dispatcher.choose($0) },
        )
        let layer = LayerCall(call, plan: plan, dtype: settings.wireDType, plane: self)
        for expert in plan.unplaced {
            layer.fail(expert, .unavailable, nodes.registry.reasonForAbsence(of: expert))
            metrics.recordDispatchFailure(node: "none", reason: "unplaced")
        }
        for dispatch in plan.dispatches { dispatcher.start(dispatch, input: call.input, of: layer) }
        calls += 1
        // The nodes have their rows and work; now for those that stay.
        if let local, !plan.here.isEmpty {
            let work = plan.here.map { (expert: $0.expert, rows: $0.inputRows) }
            for (group, computed) in zip(plan.here, local.experts.compute(work, of: call.input, on: local.pool)) {
                layer.answers.accept(group, computed: computed, node: NodeID(settings.router))
            }
            // What came meanwhile counts, however long that took.
            listen(for: .zero)
        }
        return layer
    }

    /// Waits for a layer's answers.
    func finish(_ layer: LayerCall) -> ExpertOutputs {
        if !layer.isComplete { idle() }
        while !layer.isComplete {
            let left = now().duration(to: layer.deadline)
            let isAbandoned = layer.isAbandoned()
            let isOver = isAbandoned || left <= .zero
            // One look before anything is given up: what came meanwhile counts, however long other work took.
            let wait =
                isOver ? .zero : min(left, dispatcher.patience() ?? left, settings.timing.heartbeatInterval / 2)
            let hears = listen(for: wait, expecting: dispatcher.links)
            if layer.isComplete { break }
            if isAbandoned {
                dispatcher.giveUp(layer, .abandoned, "is waited for any more", reason: "abandoned")
            } else if !hears {
                dispatcher.giveUp(layer, .unavailable, "could be heard", reason: "poll")
            } else if isOver {
                dispatcher.giveUp(layer, .timedOut, "did not answer in time", reason: "deadline")
            } else {
                tick()
                dispatcher.hedge()
                publishStatus()
            }
        }
        publishStatus()
        return layer.answers.take()
    }

    /// Takes in what comes within a time, looking at `expecting` first; false when the sockets failed.
    @discardableResult
    private func listen(for timeout: Duration, expecting links: Set<LinkID>? = nil) -> Bool {
        do {
            let events =
                if let links { try transport.poll(timeout: timeout, expecting: links) } else {
                    try transport.poll(timeout: timeout)
                }
            for event in events { handle(event) }
            return true
        } catch {
            logger.error("The links cannot be polled.", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Lets time pass for the links, not with every answer but often enough for every interval of theirs.
    private func tick() {
        followMembership()
        let time = start.duration(to: now())
        guard time - lastTick >= settings.timing.heartbeatInterval / 32 || lastTick == .zero else { return }
        lastTick = time
        followTrust()
        followDrains()
        perform(nodes.registry.tick(at: time))
    }

    /// Tells why a link gets no connection.
    package func explain(_ link: LinkID, _ words: String) { nodes.registry.explain(link, words) }

    /// Judges every node by the allow-list when that has changed.
    private func followTrust() {
        guard let trust = settings.trust, trust.revision != trustRevision else { return }
        trustRevision = trust.revision
        perform(nodes.registry.review())
    }

    private func handle(_ event: LinkEvent) {
        perform(nodes.registry.handle(event, at: start.duration(to: now())))
        switch event {
        case .message(let link, let header, let frame):
            switch header.body {
            // Somebody may have what another was to keep until then.
            case .hello: tellAssignments()
            case .result(let result): dispatcher.take(result, frame: frame, request: header.request, from: link)
            case .fault(let fault) where header.request == 0: heard(fault, from: link)
            case .fault(let fault): dispatcher.take(fault, request: header.request, from: link)
            default: break
            }
        case .malformed(let link, let error):
            let reason = error.code == .checksum ? "corrupt" : "malformed"
            metrics.recordDroppedReply(reason: reason)
            logger.warning(
                "A message of a node was not understood and was dropped.",
                metadata: ["node.id": "\(nodes.registry.name(of: link))", "error": "\(error)"],
            )
            dispatcher.takeMalformed(request: error.request, from: link, reason: reason)
        case .connected, .disconnected: break
        }
    }

    func perform(_ actions: [NodeRegistry.Action]) {
        for action in actions {
            switch action {
            case .sendHello(let link): try? transport.send(WireHeader(body: .hello(hello)), tensor: nil, to: link)
            case .renew(let link): transport.renew(link)
            case .sendHeartbeat(let link):
                try? transport.send(WireHeader(body: .heartbeat(heartbeat)), tensor: nil, to: link)
            case .joined(let link):
                log(link, "joined", "A node serves.", level: .notice)
                tellAssignments()
            case .suspect(let link):
                log(link, "suspect", "A node is silent.", level: .warning)
                dispatcher.hedge(silent: link)
            case .stalled(let link):
                log(link, "stalled", "A node lives and does not compute.", level: .warning)
                dispatcher.hedge(silent: link)
            case .refused(let link, let reason): log(link, "refused", "A node is refused: \(reason)", level: .error)
            case .lost(let link, let reason):
                log(link, "lost", "A node is lost: \(reason).", level: .warning)
                nodes.assignments.forget(link)
                dispatcher.lost(link, reason: reason)
            }
        }
    }

    private func log(_ link: LinkID, _ change: String, _ text: String, level: Logger.Level) {
        let name = nodes.registry.name(of: link)
        metrics.recordLink(node: name, change: change)
        logger.log(level: level, "\(text)", metadata: ["node.id": "\(name)"])
    }

    /// Leaves out the nodes that are to drain, and says which of those that drain are done.
    private func followDrains() {
        guard let drains else { return }
        let (wanted, revision) = drains.current
        nodes.registry.setDrained(wanted)
        let draining = nodes.registry.drainingLinks
        let busy = draining.filter { dispatcher.isOwed(by: $0.link) }
        drains.note(idle: Set(draining.map(\.node)).subtracting(busy.map(\.node)), revision: revision)
    }

    func publishStatus() {
        guard nodes.registry.revision != publishedRevision else { return }
        publishedRevision = nodes.registry.revision
        let status = nodes.registry.status
        guard status != lastStatus else { return }
        if let waiting = status.waitingWeights, waiting != lastStatus?.waitingWeights { tell(waiting) }
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
            placementEpoch: nodes.registry.epoch,
            numerics: settings.expectation.numerics,
            software: SoftwareVersion.current,
            maximumMessageBytes: UInt64(settings.maximumMessageBytes),
        )
    }

    private var heartbeat: HeartbeatMessage {
        HeartbeatMessage(incarnation: settings.incarnation, progress: calls, queuedRows: 0)
    }
}

/// The registry, shared by the plane that feeds it and the dispatcher that asks it; one thread only.
final class NodeDirectory {
    var registry: NodeRegistry
    var assignments = AssignmentBook()

    init(_ registry: NodeRegistry) { self.registry = registry }
}
