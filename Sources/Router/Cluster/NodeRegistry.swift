internal import Model
package import Shared
package import Transport

/// Which nodes there are, how their links fare, and who can be asked for an expert: a value fed with events.
package struct NodeRegistry {
    /// What the owner has to do after an event.
    package enum Action: Equatable {
        /// Send our hello on the link.
        case sendHello(LinkID)
        /// Begin a new connection for the link.
        case renew(LinkID)
        /// Send a heartbeat on the link.
        case sendHeartbeat(LinkID)
        /// Fail what is out on the link.
        case lost(LinkID, reason: String)
        /// Tell people that a node serves now.
        case joined(LinkID)
        /// Tell people that a node cannot serve.
        case refused(LinkID, reason: String)
        /// Tell people that a node is silent.
        case suspect(LinkID)
        /// Tell people that a node lives and does not compute.
        case stalled(LinkID)
    }

    struct Entry {
        let endpoint: String
        /// What the placement says of the node; nil where there is none, and the node says itself what it hosts.
        var placed: PlacementDocument.Node?
        var machine: LinkStateMachine
        var hello: HelloMessage?
        var refusal: String?
        var downReason: String?
        var heartbeat: HeartbeatMessage?
        /// When it was first looked at, and whether its node could have said hello since.
        var since: Duration?
        var isOverdue = false
    }

    /// What nodes have to serve: the model, with the weights that the placement names.
    package internal(set) var expectation: ModelExpectation
    /// The placement's epoch.
    package internal(set) var epoch: UInt64
    /// The router's own name and the experts that it computes itself.
    let local: (node: NodeID, experts: [ExpertID])?
    var entries: [LinkID: Entry] = [:]
    /// Which keys are trusted to be which nodes, where the wire has keys.
    let trust: WireTrust?
    private var hosts: [ExpertID: [DispatchPlan.Host]] = [:]
    /// Nodes that are not asked for anything new because somebody here wants so.
    private(set) var drained: Set<NodeID> = []
    /// Goes up whenever `status` may have changed.
    package internal(set) var revision = 0

    /// Starts without nodes.
    package init(
        expectation: ModelExpectation,
        epoch: UInt64,
        local: (node: NodeID, experts: [ExpertID])? = nil,
        trust: WireTrust? = nil,
    ) {
        self.trust = trust
        self.local = local
        self.expectation = expectation
        self.epoch = epoch
    }

    /// Takes a link in, not connected yet; `placed` is what the placement says of the node at its end.
    package mutating func add(
        _ link: LinkID,
        endpoint: String,
        placed: PlacementDocument.Node? = nil,
        timing: LinkStateMachine.Timing,
    ) {
        revision += 1
        entries[link] = Entry(endpoint: endpoint, placed: placed, machine: LinkStateMachine(timing: timing))
    }

    /// What the placement says of the node at the end of a link.
    package func placed(_ link: LinkID) -> PlacementDocument.Node? { entries[link]?.placed }

    /// The nodes that serve an expert, in the order of their links.
    package func hosts(of expert: ExpertID) -> [DispatchPlan.Host] { hosts[expert] ?? [] }

    /// Rows that waited at the node of a link when it was last heard.
    package func queuedRows(of link: LinkID) -> Int { entries[link]?.heartbeat?.queuedRows ?? 0 }

    /// The links that have a connection.
    package var connected: [LinkID] {
        entries.filter { $0.value.machine.state != .connecting }.keys.sorted()
    }

    /// All links.
    package var links: [LinkID] { entries.keys.sorted() }

    /// The link to an endpoint.
    package func link(to endpoint: String) -> LinkID? { entries.first { $0.value.endpoint == endpoint }?.key }

    /// The endpoints that there are links to.
    package var endpoints: Set<String> { Set(entries.values.map(\.endpoint)) }

    /// Forgets a link; nodes that were refused for its node's name are asked anew who they are.
    package mutating func remove(_ link: LinkID) -> [Action] {
        revision += 1
        let sender = entries.removeValue(forKey: link)?.hello?.sender
        rebuildHosts()
        return greetRefused(named: sender)
    }

    /// The name by which people know a link.
    package func name(of link: LinkID) -> String {
        entries[link].map { $0.hello?.sender ?? $0.endpoint } ?? "unknown node"
    }

    /// The longest frame that the node of a link accepts.
    package func maximumMessageBytes(of link: LinkID) -> Int {
        entries[link]?.hello.map { Int(clamping: $0.maximumMessageBytes) } ?? 0
    }

    /// Why nobody can be asked for an expert, for the caller's error.
    package func reasonForAbsence(of expert: ExpertID) -> String {
        for link in entries.keys.sorted() {
            guard let entry = entries[link], let hello = entry.hello else { continue }
            guard hello.experts.contains(where: { $0.expert == expert }) else { continue }
            if let refusal = entry.refusal { return refusal }
            if entry.serves, isDraining(entry) { return "its node \(hello.sender) is draining" }
            if entry.serves { return "the placement does not ask its node \(hello.sender) for it" }
            let reason = entry.downReason.map { " (\($0))" } ?? ""
            return "its node \(hello.sender) is \(entry.machine.state.rawValue)\(reason)"
        }
        return "no connected node hosts it"
    }

    /// Leaves nodes out when somebody is asked for something new; what they owe they may finish.
    package mutating func setDrained(_ nodes: Set<NodeID>) {
        guard nodes != drained else { return }
        drained = nodes
        revision += 1
        rebuildHosts()
    }

    /// Takes an event in and returns what to do about it, in order.
    package mutating func handle(_ event: LinkEvent, at now: Duration) -> [Action] {
        let link = event.link
        guard var entry = entries[link] else { return [] }
        let before = (entry.serves, entry.isDraining)
        var isNews = true
        var actions: [LinkStateMachine.Action]
        var extra: [Action] = []
        switch event {
        case .connected:
            actions = entry.machine.connected(at: now)
        case .disconnected:
            actions = entry.machine.disconnected()
        case .malformed:
            actions = entry.machine.traffic(at: now)
        case .message(_, let header, _):
            switch header.body {
            case .hello(let hello):
                actions = entry.machine.helloReceived(incarnation: hello.incarnation, at: now)
                let before = entry.refusal
                // A hello is newer than the last heartbeat, which may even be another process's.
                if hello.incarnation != entry.hello?.incarnation { entry.heartbeat = nil }
                entry.heartbeat?.draining = hello.draining
                entry.hello = hello
                entry.refusal = refusal(of: hello, on: link, placed: entry.placed)
                if let refusal = entry.refusal, refusal != before { extra.append(.refused(link, reason: refusal)) }
            case .heartbeat(let heartbeat):
                entry.heartbeat = heartbeat
                if heartbeat.incarnation == entry.hello?.incarnation {
                    let (progress, rows) = (heartbeat.progress, heartbeat.queuedRows)
                    actions = entry.machine.heartbeat(progress: progress, queuedRows: rows, at: now)
                } else {
                    // Another process answers on the same connection: ask who it is.
                    actions = entry.machine.traffic(at: now)
                    extra.append(.sendHello(link))
                }
            case .goodbye(let goodbye):
                actions = entry.machine.goodbye(reason: goodbye.reason)
            case .dispatch, .result, .fault, .cancel, .assign:
                actions = entry.machine.traffic(at: now)
                isNews = !actions.isEmpty
            }
        }
        let outcome = apply(actions, to: &entry, link: link)
        entries[link] = entry
        // Most events are answers and heartbeats, after which everybody is where they were.
        if isNews { revision += 1 }
        if isNews, event.isHello || before != (entry.serves, entry.isDraining) { rebuildHosts() }
        return outcome + extra + greetTwins(after: outcome)
    }

    /// Time passed: returns what to do about it, link by link.
    package mutating func tick(at now: Duration) -> [Action] {
        var all: [Action] = []
        for link in entries.keys.sorted() {
            guard var entry = entries[link] else { continue }
            let wasOverdue = entry.isOverdue
            entry.look(at: now)
            if entry.isOverdue != wasOverdue { revision += 1 }
            let actions = entry.machine.tick(at: now)
            guard !actions.isEmpty else {
                entries[link] = entry
                continue
            }
            let outcome = apply(actions, to: &entry, link: link)
            entries[link] = entry
            revision += 1
            rebuildHosts()
            all += outcome + greetTwins(after: outcome)
        }
        return all
    }

    /// The cluster as it is now, for people.
    package var status: ClusterStatus {
        var experts = Dictionary(uniqueKeysWithValues: expectation.experts.keys.map { ($0, [NodeID]()) })
        for (expert, list) in hosts where experts[expert] != nil { experts[expert] = list.map(\.node) }
        if let local {
            for expert in local.experts where expectation.isOfCheckpoint(expert) { experts[expert] = [local.node] }
        }
        let nodes = entries.keys.sorted().compactMap { link -> ClusterStatus.Node? in
            guard let entry = entries[link] else { return nil }
            let refusal = entry.refusal ?? distrust(of: entry.endpoint)
            return ClusterStatus.Node(
                endpoint: entry.endpoint,
                node: (entry.hello?.sender).map { NodeID($0) },
                state: refusal != nil ? "refused" : entry.machine.state.rawValue,
                reason: refusal ?? entry.downReason,
                experts: entry.hello?.experts.map(\.expert) ?? [],
                numerics: entry.hello?.numerics,
                software: entry.hello?.software,
                progress: entry.heartbeat?.progress ?? 0,
                queuedRows: entry.heartbeat?.queuedRows ?? 0,
                isDraining: isDraining(entry),
            )
        }
        var status = ClusterStatus(nodes: nodes, experts: experts, epoch: epoch)
        status.waitingWeights = waitingWeights
        return status
    }

    private func apply(
        _ actions: [LinkStateMachine.Action],
        to entry: inout Entry,
        link: LinkID,
    ) -> [Action] {
        actions.compactMap { action in
            switch action {
            case .sendHello: return .sendHello(link)
            case .renew: return .renew(link)
            case .sendHeartbeat: return .sendHeartbeat(link)
            case .markUp:
                entry.downReason = nil
                return entry.refusal == nil ? .joined(link) : nil
            case .markSuspect: return .suspect(link)
            case .markStalled:
                entry.downReason = "rows wait there and it does not compute"
                return .stalled(link)
            case .markDown(let reason):
                let words = reason.words
                entry.downReason = words
                // What comes back is judged anew by its hello; that of another process in its place is here, and judged.
                if reason != .restarted { entry.refusal = nil }
                return .lost(link, reason: words)
            }
        }
    }

    /// Asks nodes that were refused for a name that has become free who they are.
    func greetTwins(after outcome: [Action]) -> [Action] {
        outcome.flatMap { action -> [Action] in
            guard case .lost(let link, _) = action else { return [] }
            return greetRefused(named: entries[link]?.hello?.sender, except: link)
        }
    }

    private func greetRefused(named sender: String?, except link: LinkID? = nil) -> [Action] {
        guard let sender else { return [] }
        return entries.keys.sorted().filter { other in
            other != link && entries[other]?.refusal != nil && entries[other]?.hello?.sender == sender
        }.map { .sendHello($0) }
    }

    mutating func rebuildHosts() {
        hosts = [:]
        var former: [ExpertID: [DispatchPlan.Host]] = [:]
        for link in entries.keys.sorted() {
            guard let entry = entries[link], entry.serves, !isDraining(entry), let hello = entry.hello else { continue }
            for hosted in hello.experts {
                guard let hash = hosted.weightsHash, hash == expectation.experts[hosted.expert] else { continue }
                let host = DispatchPlan.Host(link: link, node: NodeID(hello.sender), weightsHash: hash)
                if entry.isAsked(for: hosted.expert) {
                    hosts[hosted.expert, default: []].append(host)
                } else {
                    former[hosted.expert, default: []].append(host)
                }
            }
        }
        // An expert on its way to another node is asked of the one that still has it.
        let moving = Set(entries.values.flatMap { $0.placed?.experts ?? [] }).intersection(former.keys)
        for expert in moving where hosts[expert] == nil { hosts[expert] = former[expert] }
    }
}

extension LinkEvent {
    fileprivate var isHello: Bool {
        guard case .message(_, let header, _) = self, case .hello = header.body else { return false }
        return true
    }
}

extension NodeRegistry.Entry {
    var serves: Bool { machine.state == .up && refusal == nil }
    /// Whether the node said hello on a connection that holds, silent or not.
    var isHere: Bool { [.up, .suspect].contains(machine.state) }

    /// Notes that time passed.
    fileprivate mutating func look(at now: Duration) {
        let since = since ?? now
        self.since = since
        isOverdue = now - since >= machine.timing.downAfter
    }

    /// Whether the placement lets the node be asked for an expert that it hosts.
    fileprivate func isAsked(for expert: ExpertID) -> Bool {
        guard let placed, !placed.servesWhatItHosts else { return true }
        return placed.experts.contains(expert)
    }
}

extension LinkStateMachine.DownReason {
    fileprivate var words: String {
        switch self {
        case .disconnected: "the connection was lost"
        case .silent: "nothing was heard from it"
        case .goodbye(let reason): "it left: \(reason)"
        case .restarted: "it was restarted"
        }
    }
}
