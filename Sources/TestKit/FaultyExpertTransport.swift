package import Transport

/// A transport whose network loses, delays, doubles and damages messages as a plan says, in either direction.
///
/// Wraps any transport. What it holds back is counted in polls, not in time, so a test that polls decides when it
/// arrives. Damage is done to the bytes and read by the rules of the wire: what cannot be read arrives as `malformed`, at
/// the node only where the wrapped transport is in this process.
package final class FaultyExpertTransport: ExpertTransport {
    /// What was done so far, by kind and direction.
    package private(set) var injected: [FaultPlan.Kind: [FaultPlan.Direction: Int]] = [:]
    /// Done with each poll, before anything is taken in: a test may turn its clock.
    package var onPoll: () -> Void = {}
    private let network: any ExpertTransport
    private var plan: FaultPlan
    private var polls = 0
    private var held: [Held] = []

    /// The longest delay, in polls.
    private static let longestDelay = 12

    /// One message on its way: an event for the router, or frames for a node.
    private struct Held {
        enum Content {
            case event(LinkEvent)
            case frames([Frame], LinkID)
        }

        let content: Content
        let due: Int
        /// Whether it only waits for the next message in its direction.
        var isOvertaken = false
    }

    /// Wraps a transport.
    package init(_ network: any ExpertTransport, plan: FaultPlan) {
        self.network = network
        self.plan = plan
    }

    /// How many faults there were.
    package var faults: Int { injected.values.flatMap(\.values).reduce(0, +) }

    /// The network is well from now on; what it holds back still arrives.
    package func heal() { plan.permille = 0 }

    /// Ends a wait.
    package var waker: Waker { network.waker }

    /// Starts a link.
    package func connect(_ endpoint: String) throws(TransportError) -> LinkID { try network.connect(endpoint) }

    /// Ends a link, with what is held back of it.
    package func disconnect(_ link: LinkID) {
        forget(link)
        network.disconnect(link)
    }

    /// Loses what is under way on the link as well.
    package func renew(_ link: LinkID) {
        forget(link)
        network.renew(link)
    }

    /// Sends a message, or what is left of it.
    package func send(_ header: WireHeader, tensor: Frame?, to link: LinkID) throws(TransportError) {
        tensor?.seal()
        guard let kind = plan.next(header, hasTensor: tensor != nil, direction: .toNode) else {
            try network.send(header, tensor: tensor, to: link)
            return releaseFrames()
        }
        count(kind, .toNode)
        let frames: [Frame]
        do {
            frames = try MessageDamage.frames(header, tensor, kind: kind, plan: &plan)
        } catch {
            // What cannot be written does not arrive.
            return
        }
        switch kind {
        case .drop: break
        case .delay, .reorder: hold(.frames(frames, link), kind)
        case .duplicate: for _ in 0..<2 + plan.draw(below: 3) { deliver(frames, to: link) }
        default: deliver(frames, to: link)
        }
    }

    /// What arrived by now.
    package func poll(timeout: Duration) throws(TransportError) -> [LinkEvent] {
        polls += 1
        onPoll()
        let fresh = try network.poll(timeout: timeout)
        var arrived = takeDue()
        for event in fresh {
            switch event {
            case .disconnected(let link):
                forget(link)
                arrived.append(event)
            case .connected, .malformed: arrived.append(event)
            case .message(let link, let header, let tensor):
                pass(header, tensor, from: link, into: &arrived)
            }
        }
        return arrived
    }

    private func pass(_ header: WireHeader, _ tensor: Frame?, from link: LinkID, into arrived: inout [LinkEvent]) {
        guard let kind = plan.next(header, hasTensor: tensor != nil, direction: .toRouter) else {
            arrived.append(.message(link, header, tensor))
            return arrived += takeOvertaken()
        }
        count(kind, .toRouter)
        let event: LinkEvent
        do {
            let damaged = try MessageDamage.frames(header, tensor, kind: kind, plan: &plan)
            let (header, tensor) = try WireFrames.read(damaged)
            event = .message(link, header, tensor)
        } catch {
            event = .malformed(link, error)
        }
        switch kind {
        case .drop: break
        case .delay, .reorder: hold(.event(event), kind)
        case .duplicate: for _ in 0..<2 + plan.draw(below: 3) { arrived.append(event) }
        default: arrived.append(event)
        }
    }

    private func hold(_ content: Held.Content, _ kind: FaultPlan.Kind) {
        let delay = kind == .reorder ? 2 : 1 + plan.draw(below: Self.longestDelay)
        held.append(Held(content: content, due: polls + delay, isOvertaken: kind == .reorder))
    }

    /// Events that are due, in the order of their time; frames that are due go to their nodes.
    private func takeDue() -> [LinkEvent] {
        let due = held.filter { $0.due <= polls }
        held.removeAll { $0.due <= polls }
        var events: [LinkEvent] = []
        for one in due.sorted(by: { $0.due < $1.due }) {
            switch one.content {
            case .event(let event): events.append(event)
            case .frames(let frames, let link): deliver(frames, to: link)
            }
        }
        return events
    }

    /// Events that only waited to be overtaken.
    private func takeOvertaken() -> [LinkEvent] {
        let events = held.compactMap { one -> LinkEvent? in
            guard one.isOvertaken, case .event(let event) = one.content else { return nil }
            return event
        }
        held.removeAll { one in
            guard one.isOvertaken, case .event = one.content else { return false }
            return true
        }
        return events
    }

    /// Sends what only waited to be overtaken.
    private func releaseFrames() {
        let waiting = held
        held.removeAll { one in
            guard one.isOvertaken, case .frames = one.content else { return false }
            return true
        }
        for one in waiting {
            guard one.isOvertaken, case .frames(let frames, let link) = one.content else { continue }
            deliver(frames, to: link)
        }
    }

    private func deliver(_ frames: [Frame], to link: LinkID) {
        if let network = network as? InProcessExpertTransport { return network.send(frames: frames, to: link) }
        guard let (header, tensor) = try? WireFrames.read(frames) else { return }
        try? network.send(header, tensor: tensor, to: link)
    }

    private func forget(_ link: LinkID) {
        held.removeAll { one in
            switch one.content {
            case .event(let event): event.link == link
            case .frames(_, let target): target == link
            }
        }
    }

    private func count(_ kind: FaultPlan.Kind, _ direction: FaultPlan.Direction) {
        injected[kind, default: [:]][direction, default: 0] += 1
    }
}
