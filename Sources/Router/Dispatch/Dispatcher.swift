internal import Kernels
internal import Model
internal import Shared
internal import Transport

/// Sends rows to nodes, and sees to it that each piece of work ends: with an answer, after other replicas were tried, or
/// with a reason.
///
/// An expert's work has no state and may be done twice, so whatever goes wrong with one replica is tried with another
/// within the same deadline; whichever answers first counts, and later answers are dropped by their number.
final class Dispatcher {
    /// What the dispatcher asks of those who know the nodes.
    struct Directory {
        let hosts: (ExpertID) -> [DispatchPlan.Host]
        let queuedRows: (LinkID) -> Int
        let maximumMessageBytes: (LinkID) -> Int
        let epoch: () -> UInt64
    }

    /// What may be tried when a dispatch brought nothing.
    private enum Retry {
        /// Other replicas.
        case elsewhere
        /// Other replicas, or the same once more: the node is well, its answer was not.
        case anywhere
    }

    /// One message on its way.
    private struct Sent {
        let call: LayerCall
        let frame: Frame
        let rows: Int
        let at: ContinuousClock.Instant
        var isHedged = false
        /// When to look again whether another replica can be asked.
        var nextLook: ContinuousClock.Instant?
    }

    private let transport: any ExpertTransport
    private let settings: RemoteExpertPlane.Settings
    private let metrics: RouterMetrics
    private let now: () -> ContinuousClock.Instant
    let directory: Directory
    private var machine = DispatchStateMachine()
    private var sent: [UInt64: Sent] = [:]
    private var lastRequest: UInt64 = 0
    private var load = LinkLoad()
    private var latency = ReplicaLatency()
    private var budget = HedgeBudget()
    private var slow = SlowLinks()
    /// What waits for the credit of its link.
    private var deferred: [(call: LayerCall, dispatch: DispatchPlan.NodeDispatch, frame: Frame)] = []
    /// How long messages are under way without anybody computing, smoothed.
    private(set) var flight: Duration = .zero

    init(
        transport: any ExpertTransport,
        settings: RemoteExpertPlane.Settings,
        metrics: RouterMetrics,
        now: @escaping () -> ContinuousClock.Instant,
        directory: Directory,
    ) {
        self.transport = transport
        self.settings = settings
        self.metrics = metrics
        self.now = now
        self.directory = directory
    }

    /// Between two looks for another replica where there was none.
    private static let pause: Duration = .milliseconds(50)

    /// The links that owe an answer.
    var links: Set<LinkID> { machine.links }

    /// The replica that is asked: of those that serve the expert and were not asked yet, one that answers, with the fewest
    /// rows.
    func choose(_ expert: ExpertID, except asked: (LinkID) -> Bool = { _ in false }) -> DispatchPlan.Host? {
        let hosts = directory.hosts(expert)
        guard hosts.count > 1 else { return hosts.first.flatMap { asked($0.link) ? nil : $0 } }
        return hosts.filter { !asked($0.link) }.min { left, right in cost(of: left.link) < cost(of: right.link) }
    }

    private func cost(of link: LinkID) -> (Int, Int, LinkID) {
        (slow.contains(link, at: now) ? 1 : 0, load.rows(of: link) + directory.queuedRows(link), link)
    }

    /// Whether something of ours is out at the node of a link, or waits for its credit.
    func isOwed(by link: LinkID) -> Bool {
        load.rows(of: link) > 0 || deferred.contains { $0.dispatch.link == link }
    }

    /// Gathers the rows of a dispatch and sends them.
    func start(_ dispatch: DispatchPlan.NodeDispatch, input: borrowing Tensor, of call: LayerCall) {
        budget.earn()
        call.ask(dispatch)
        let bytes = dispatch.rowCount * input.columns * settings.wireDType.size
        guard let frame = try? Frame(byteCount: bytes) else {
            return refused(dispatch, of: call, "could not be asked: there is no memory for the rows", reason: "send")
        }
        guard fill(frame, dispatch, input: input) else {
            let words = "takes rows as f16 and a number of theirs does not fit f16; use --wire-dtype bf16 or f32"
            return refused(dispatch, of: call, words, reason: "overflow")
        }
        transmit(dispatch, frame: frame, of: call)
    }

    /// Gathers the rows of a dispatch, rounded for the wire; false when one of their numbers would become infinite.
    private func fill(_ frame: Frame, _ dispatch: DispatchPlan.NodeDispatch, input: borrowing Tensor) -> Bool {
        var offset = 0
        for group in dispatch.groups {
            var fits = true
            frame.withMutableBytes {
                fits = input.gather(group.inputRows, as: settings.wireDType.kind, into: &$0, at: offset)
            }
            guard fits else { return false }
            offset += group.inputRows.count * input.columns
        }
        return true
    }

    /// Sends a filled frame, or keeps it until its link has credit.
    private func transmit(_ dispatch: DispatchPlan.NodeDispatch, frame: Frame, of call: LayerCall) {
        let bytes = frame.byteCount
        let limit = min(settings.maximumMessageBytes, directory.maximumMessageBytes(dispatch.link))
        guard bytes <= limit else {
            let words =
                "takes messages of \(limit) bytes and these rows have \(bytes); "
                + "lower --max-rows or raise its --max-message-mib"
            return ended(dispatch, frame, of: call, .refused, words, reason: "message_too_large")
        }
        guard hasCredit(dispatch.link, bytes) else {
            deferred.append((call, dispatch, frame))
            return
        }
        let message = DispatchMessage(
            groups: dispatch.groups.map {
                RowGroup(expert: $0.expert, rows: $0.inputRows.count, weightsHash: $0.weightsHash)
            },
            hiddenSize: bytes / max(1, dispatch.rowCount) / settings.wireDType.size,
            dtype: settings.wireDType,
            deadlineMilliseconds: max(1, now().duration(to: call.deadline).milliseconds),
            placementEpoch: directory.epoch(),
        )
        lastRequest += 1
        do {
            try transport.send(
                WireHeader(request: lastRequest, body: .dispatch(message)),
                tensor: frame,
                to: dispatch.link,
            )
            machine.sent(lastRequest, dispatch)
            sent[lastRequest] = Sent(call: call, frame: frame, rows: dispatch.rowCount, at: now())
            load.add(dispatch.link, rows: dispatch.rowCount, bytes: bytes)
        } catch {
            ended(dispatch, frame, of: call, .unavailable, "could not be asked (\(error))", reason: "send")
        }
    }

    /// A node's rows came.
    func take(_ result: ResultMessage, frame: Frame?, request: UInt64, from link: LinkID) {
        slow.forget(link)
        guard let (dispatch, sent) = end(request, from: link) else {
            metrics.recordDroppedReply(reason: "late")
            return
        }
        func refuse(_ words: String, _ reason: String) {
            ended(dispatch, sent.frame, of: sent.call, .refused, words, reason: reason, retry: .anywhere)
        }
        // Numbers in and none out is the node's doing; else it is the model's.
        let kind = result.dtype.kind
        guard let frame, kind.areFinite(frame.bytes) || !settings.wireDType.kind.areFinite(sent.frame.bytes) else {
            return refuse("answered with what are no numbers", "not_finite")
        }
        guard sent.call.accept(result, frame: frame, dispatch: dispatch) else {
            return refuse("answered with rows that were not asked for", "mismatch")
        }
        let elapsed = sent.at.duration(to: now())
        latency.record(link, rows: sent.rows, took: elapsed)
        // A node may say any number: the sum of two can be more than there are.
        let (busy, overflows) = result.queueMicroseconds.addingReportingOverflow(result.computeMicroseconds)
        note(flight: elapsed - .microseconds(overflows ? .max : Int64(clamping: busy)))
        metrics.recordDispatch(
            node: dispatch.node,
            rows: dispatch.rowCount,
            bytes: 2 * frame.byteCount,
            duration: elapsed,
        )
        cancelLosers(of: sent.call)
    }

    /// A node said that it does not compute the rows.
    func take(_ fault: FaultMessage, request: UInt64, from link: LinkID) {
        guard let (dispatch, sent) = end(request, from: link) else {
            metrics.recordDroppedReply(reason: "late")
            return
        }
        let code: ExpertFailure.Code =
            switch fault.code {
            case .deadlineExceeded: .timedOut
            // It will pass, or the expert will be somewhere else.
            case .busy, .draining, .expertNotReady, .stalePlacement: .unavailable
            default: .refused
            }
        let words = "answered \(fault.code.rawValue): \(fault.message)"
        // A dispatch that the node could not read, though we can write: the wire spoiled it.
        let retry: Retry = fault.code == .invalidRequest && fault.retryable ? .anywhere : .elsewhere
        ended(dispatch, sent.frame, of: sent.call, code, words, reason: fault.code.rawValue, retry: retry)
    }

    /// An answer came that cannot be read.
    func takeMalformed(request: UInt64, from link: LinkID, reason: String = "malformed") {
        guard request != 0, let (dispatch, sent) = end(request, from: link) else { return }
        let words = "answered what cannot be read"
        ended(dispatch, sent.frame, of: sent.call, .refused, words, reason: reason, retry: .anywhere)
    }

    /// A link went down: what was out on it is tried elsewhere.
    func lost(_ link: LinkID, reason: String) {
        slow.forget(link)
        latency.forget(link)
        let waiting = deferred.filter { $0.dispatch.link == link }
        deferred.removeAll { $0.dispatch.link == link }
        for (request, dispatch) in machine.lost(link) {
            guard let sent = sent.removeValue(forKey: request) else { continue }
            load.remove(link, rows: sent.rows, bytes: sent.frame.byteCount)
            ended(dispatch, sent.frame, of: sent.call, .unavailable, "was lost (\(reason))", reason: "lost")
        }
        for one in waiting {
            ended(one.dispatch, one.frame, of: one.call, .unavailable, "was lost (\(reason))", reason: "lost")
        }
    }

    /// Asks another replica for what is late; for what a silent link owes at once, whatever hedging may cost.
    func hedge(silent: LinkID? = nil) {
        guard settings.hedges || silent != nil else { return }
        if let silent { redirectDeferred(from: silent) }
        let time = now()
        for (request, dispatch) in machine.outstanding.sorted(by: { $0.key < $1.key }) {
            guard let one = sent[request], !one.isHedged else { continue }
            let patience = HedgeBudget.patience(p95: latency.p95(dispatch.link, rows: one.rows))
            let isSilent = dispatch.link == silent
            let isLate = settings.hedges && one.at.duration(to: time) >= patience
            guard isSilent || isLate && (one.nextLook.map { $0 <= time } ?? true) else { continue }
            slow.note(dispatch.link, at: time)
            let groups = dispatch.groups.filter { group in
                one.call.open[group.expert].map { open in
                    open.inFlight == 1 && choose(group.expert) { open.asked[$0] != nil } != nil
                } ?? false
            }
            guard !groups.isEmpty, isSilent || budget.spend() else {
                sent[request]?.nextLook = time + Self.pause
                continue
            }
            sent[request]?.isHedged = true
            metrics.recordHedge(node: dispatch.node)
            reroute(groups, of: dispatch, frame: one.frame, call: one.call)
        }
    }

    /// The time until `hedge` may have something to do for a call.
    func patience() -> Duration? {
        guard settings.hedges else { return nil }
        let time = now()
        return machine.outstanding.compactMap { request, dispatch -> Duration? in
            guard let one = sent[request], !one.isHedged else { return nil }
            let patience = HedgeBudget.patience(p95: latency.p95(dispatch.link, rows: one.rows))
            let look = one.nextLook.map { time.duration(to: $0) } ?? .zero
            return max(.milliseconds(1), patience - one.at.duration(to: time), look)
        }.min()
    }

    /// Ends everything that a call still waits for, and tells the nodes.
    func giveUp(_ call: LayerCall, _ code: ExpertFailure.Code, _ words: String, reason: String) {
        deferred.removeAll { $0.call === call }
        for (request, dispatch) in machine.givenUp({ sent[$0]?.call === call }) {
            if code == .timedOut { slow.note(dispatch.link, at: now()) }
            cancel(request, dispatch)
            metrics.recordDispatchFailure(node: dispatch.node.rawValue, reason: reason)
            for group in dispatch.groups where call.isOpen(group.expert) {
                call.fail(group.expert, code, "node \(dispatch.node) \(words)")
            }
        }
        for expert in call.open.keys { call.fail(expert, code, "nobody \(words)") }
    }

    private func end(_ request: UInt64, from link: LinkID) -> (DispatchPlan.NodeDispatch, Sent)? {
        guard let dispatch = machine.replied(request, from: link) else { return nil }
        guard let one = sent.removeValue(forKey: request) else { return nil }
        load.remove(link, rows: one.rows, bytes: one.frame.byteCount)
        releaseCredit(of: link)
        return (dispatch, one)
    }

    private func hasCredit(_ link: LinkID, _ bytes: Int) -> Bool {
        load.bytes(of: link) == 0 || load.bytes(of: link) + bytes <= settings.linkCreditBytes
    }

    /// Sends what waited for a link as far as its credit goes, and drops what nobody waits for any more.
    private func releaseCredit(of link: LinkID) {
        deferred.removeAll { one in !one.dispatch.groups.contains { one.call.isOpen($0.expert) } }
        while let index = deferred.firstIndex(where: { $0.dispatch.link == link }),
            hasCredit(link, deferred[index].frame.byteCount)
        {
            let one = deferred.remove(at: index)
            transmit(one.dispatch, frame: one.frame, of: one.call)
        }
    }

    /// What was not sent to a link that is silent now goes elsewhere, if it can.
    private func redirectDeferred(from link: LinkID) {
        let waiting = deferred.filter { $0.dispatch.link == link }
        deferred.removeAll { $0.dispatch.link == link }
        for one in waiting {
            ended(one.dispatch, one.frame, of: one.call, .unavailable, "is silent", reason: "silent")
        }
    }

    private func cancelLosers(of call: LayerCall) {
        guard !machine.isComplete else { return }
        let losers = machine.outstanding.filter { request, dispatch in
            sent[request]?.call === call && !dispatch.groups.contains { call.isOpen($0.expert) }
        }
        guard !losers.isEmpty else { return }
        for (request, dispatch) in machine.givenUp({ losers[$0] != nil }) { cancel(request, dispatch) }
    }

    private func cancel(_ request: UInt64, _ dispatch: DispatchPlan.NodeDispatch) {
        try? transport.send(WireHeader(request: request, body: .cancel), tensor: nil, to: dispatch.link)
        guard let one = sent.removeValue(forKey: request) else { return }
        load.remove(dispatch.link, rows: one.rows, bytes: one.frame.byteCount)
        releaseCredit(of: dispatch.link)
    }

    private func note(flight sample: Duration) {
        flight = flight * 0.95 + max(.zero, sample) * 0.05
    }

    /// No replica would do better.
    private func refused(_ dispatch: DispatchPlan.NodeDispatch, of call: LayerCall, _ words: String, reason: String) {
        metrics.recordDispatchFailure(node: dispatch.node.rawValue, reason: reason)
        for group in dispatch.groups { call.fail(group.expert, .refused, "node \(dispatch.node) \(words)") }
    }

    /// A dispatch brings nothing: whatever nobody else is at work on goes to another replica, or fails.
    private func ended(
        _ dispatch: DispatchPlan.NodeDispatch,
        _ frame: Frame,
        of call: LayerCall,
        _ code: ExpertFailure.Code,
        _ words: String,
        reason: String,
        retry: Retry = .elsewhere,
    ) {
        metrics.recordDispatchFailure(node: dispatch.node.rawValue, reason: reason)
        let left = call.stopped(dispatch)
        guard !left.isEmpty else { return }
        let hasTime = now() < call.deadline
        let again = left.filter { hasTime && nextHost(for: $0, of: call, retry: retry) != nil }
        for group in left where !again.contains(group) {
            call.fail(group.expert, code, "node \(dispatch.node) \(words)")
        }
        guard !again.isEmpty else { return }
        metrics.recordRetry(reason: reason)
        reroute(again, of: dispatch, frame: frame, call: call, retry: retry)
    }

    /// Who is asked next.
    private func nextHost(for group: DispatchPlan.Group, of call: LayerCall, retry: Retry) -> DispatchPlan.Host? {
        guard let open = call.open[group.expert] else { return nil }
        let fresh = choose(group.expert) { open.asked[$0] != nil }
        return fresh ?? (retry == .anywhere ? choose(group.expert) { open.asked[$0, default: 0] > 1 } : nil)
    }

    /// Sends some groups of a dispatch to other replicas, with the rows that are in its frame.
    private func reroute(
        _ groups: [DispatchPlan.Group],
        of former: DispatchPlan.NodeDispatch,
        frame: Frame,
        call: LayerCall,
        retry: Retry = .elsewhere,
    ) {
        var byLink: [LinkID: (node: NodeID, groups: [DispatchPlan.Group])] = [:]
        for group in groups {
            guard let host = nextHost(for: group, of: call, retry: retry) else { continue }
            byLink[host.link, default: (host.node, [])].groups.append(group)
        }
        for (link, target) in byLink.sorted(by: { $0.key < $1.key }) {
            let dispatch = DispatchPlan.NodeDispatch(link: link, node: target.node, groups: target.groups)
            call.ask(dispatch)
            guard let part = frame.rows(of: target.groups, in: former.groups) else {
                refused(dispatch, of: call, "could not be asked: there is no memory for the rows", reason: "send")
                continue
            }
            transmit(dispatch, frame: part, of: call)
        }
    }
}
