/// The life of one link as its router sees it: greeting, heartbeats, silence, farewell.
///
/// A value without a clock or a socket: time comes in as the `Duration` since any fixed start, and every method returns
/// what to do, in order. Feed it everything that a `poll` returned before the `tick` of the same round.
///
/// Silence counts only while somebody listened: of a time without any call, at most one heartbeat interval is counted,
/// so that a router busy computing for ten seconds does not take its nodes for dead.
package struct LinkStateMachine: Sendable {
    /// Where the link is in its life.
    package enum State: String, Sendable, CaseIterable {
        /// No connection yet.
        case connecting
        /// Connected; our hello is sent, the peer's is awaited.
        case greeting
        /// The peer said hello and is heard from; work goes there.
        case up
        /// The peer has been silent; new work goes elsewhere if it can.
        case suspect
        /// The peer was lost: silent, disconnected, or gone on purpose.
        case down
    }

    /// Why a link went down.
    package enum DownReason: Hashable, Sendable {
        /// The connection broke.
        case disconnected
        /// Nothing was heard for the time of `Timing.downAfter`.
        case silent
        /// The peer said that it leaves, with its reason.
        case goodbye(String)
        /// Another process says hello in its place; work sent to the former one is lost.
        case restarted
    }

    /// What to do about an event.
    package enum Action: Hashable, Sendable {
        /// Send our hello.
        case sendHello
        /// Begin a new connection: nobody answers on this one, which may have lost its place among the bytes.
        case renew
        /// Send a heartbeat.
        case sendHeartbeat
        /// Work can go to the peer of this incarnation.
        case markUp(incarnation: UInt64)
        /// Nothing was heard for the time of `Timing.suspectAfter`.
        case markSuspect
        /// The peer's heartbeats say that rows wait and none are computed, for the time of `Timing.stalledAfter`.
        case markStalled
        /// Fail what waits for this peer; nothing goes there before the next `markUp`.
        case markDown(DownReason)
    }

    /// The intervals of a link.
    package struct Timing: Hashable, Sendable {
        /// Between two heartbeats of ours.
        package var heartbeatInterval: Duration = .seconds(1)
        /// Silence that makes the link suspect.
        package var suspectAfter: Duration = .milliseconds(2500)
        /// Silence that takes the link down; also between two hellos that nobody answers.
        package var downAfter: Duration = .seconds(4)
        /// Time in which rows wait and none are computed that makes the link suspect.
        package var stalledAfter: Duration = .seconds(3)

        /// The defaults.
        package init() {}
    }

    /// Where the link is in its life.
    package private(set) var state: State = .connecting
    /// The process at the other end, from its latest hello.
    package private(set) var incarnation: UInt64?
    /// The intervals.
    package let timing: Timing
    private var watch: ProgressWatch
    private var isConnected = false
    /// The incarnation that said goodbye on this connection: later words of it do not bring the link back.
    private var departed: UInt64?
    private var silence: Duration = .zero
    private var countedUntil: Duration = .zero
    private var lastSent: Duration = .zero
    /// Hellos that were repeated on this connection since anything was heard.
    private var repeats = 0

    /// A link that is not connected yet.
    package init(timing: Timing = Timing()) {
        self.timing = timing
        watch = ProgressWatch(stalledAfter: timing.stalledAfter, longestGap: timing.heartbeatInterval)
    }

    /// The transport connected, or connected again.
    ///
    /// From every state to `greeting`, with `sendHello`; from `up` and `suspect` first `markDown(.disconnected)`, since
    /// a new connection means that the old one was lost.
    package mutating func connected(at now: Duration) -> [Action] {
        let lost = isServing
        isConnected = true
        departed = nil
        watch.reset()
        state = .greeting
        heard(at: now)
        lastSent = now
        return lost ? [.markDown(.disconnected), .sendHello] : [.sendHello]
    }

    /// The peer's hello came.
    ///
    /// `greeting`, `suspect` and `down` to `up`, with `markUp`. In `up` nothing, if it is the same incarnation. Another
    /// incarnation in `up` or `suspect` is `markDown(.restarted)` and `markUp`, and `up`. In `connecting` nothing, and in
    /// `down` nothing for a process that said goodbye on this connection.
    package mutating func helloReceived(incarnation newcomer: UInt64, at now: Duration) -> [Action] {
        guard isConnected, newcomer != departed else { return [] }
        heard(at: now)
        let former = incarnation
        let before = state
        incarnation = newcomer
        departed = nil
        if newcomer != former { watch.reset() }
        // A hello is no work.
        if before == .suspect, watch.isStalled { return [] }
        state = .up
        switch before {
        case .up, .suspect:
            if newcomer != former { return [.markDown(.restarted), .markUp(incarnation: newcomer)] }
            return before == .up ? [] : [.markUp(incarnation: newcomer)]
        case .connecting, .greeting, .down:
            return [.markUp(incarnation: newcomer)]
        }
    }

    /// The peer's heartbeat came, with the batches that it has computed and the rows that wait.
    ///
    /// `up` to `suspect` with `markStalled` when it has not computed for too long; else as `traffic`.
    package mutating func heartbeat(progress: UInt64, queuedRows: Int, at now: Duration) -> [Action] {
        watch.heartbeat(progress: progress, queuedRows: queuedRows, at: now)
        guard state == .up, watch.isStalled else { return traffic(at: now) }
        heard(at: now)
        state = .suspect
        return [.markStalled]
    }

    /// Any other message of the peer's came: a result, a fault.
    ///
    /// `suspect` to `up`, with `markUp`, unless its heartbeats say that it does not compute. `down` to `greeting`, with
    /// `sendHello`, since a peer given up for silence speaks again; not after its goodbye. In the other states nothing.
    package mutating func traffic(at now: Duration) -> [Action] {
        switch state {
        case .connecting, .greeting: return []
        case .up:
            heard(at: now)
            return []
        case .suspect:
            heard(at: now)
            guard !watch.isStalled else { return [] }
            state = .up
            return incarnation.map { [.markUp(incarnation: $0)] } ?? []
        case .down:
            guard isConnected, departed == nil else { return [] }
            heard(at: now)
            state = .greeting
            lastSent = now
            return [.sendHello]
        }
    }

    /// Time passed; to be called in every round of the owner's loop, at least once in a heartbeat interval.
    ///
    /// `up` to `suspect` and `suspect` to `down` by silence; one call goes one step. In both, `sendHeartbeat` when it is
    /// time. In `greeting`, and in `down` with a connection, `sendHello` again after `Timing.downAfter`, and `renew` after
    /// as long again.
    package mutating func tick(at now: Duration) -> [Action] {
        countSilence(until: now)
        switch state {
        case .connecting: return []
        case .greeting, .down:
            guard isConnected, departed == nil, now - lastSent >= timing.downAfter else { return [] }
            lastSent = now
            repeats += 1
            guard repeats > 1 else { return [.sendHello] }
            repeats = 0
            return [.renew]
        case .up:
            guard silence >= timing.suspectAfter else { return heartbeatIfDue(at: now) }
            state = .suspect
            return [.markSuspect] + heartbeatIfDue(at: now)
        case .suspect:
            guard silence >= timing.downAfter else { return heartbeatIfDue(at: now) }
            state = .down
            lastSent = now
            return [.markDown(.silent)]
        }
    }

    /// The transport lost the connection.
    ///
    /// `up` and `suspect` to `down`, with `markDown(.disconnected)`; `greeting` to `connecting`, and `down` stays, without
    /// action: nothing was up.
    package mutating func disconnected() -> [Action] {
        let lost = isServing
        isConnected = false
        departed = nil
        if lost {
            state = .down
            return [.markDown(.disconnected)]
        }
        if state == .greeting { state = .connecting }
        return []
    }

    /// The peer said goodbye.
    ///
    /// `greeting`, `up` and `suspect` to `down`, with `markDown(.goodbye)`. The link stays down until a new connection, or
    /// the hello of another incarnation. In `connecting` and `down` no action.
    package mutating func goodbye(reason: String) -> [Action] {
        guard state != .connecting else { return [] }
        departed = incarnation
        guard state != .down else { return [] }
        state = .down
        return [.markDown(.goodbye(reason))]
    }

    private var isServing: Bool { state == .up || state == .suspect }

    private mutating func heard(at now: Duration) {
        silence = .zero
        repeats = 0
        countedUntil = max(countedUntil, now)
    }

    private mutating func countSilence(until now: Duration) {
        guard now > countedUntil else { return }
        silence += min(now - countedUntil, timing.heartbeatInterval)
        countedUntil = now
    }

    private mutating func heartbeatIfDue(at now: Duration) -> [Action] {
        guard now - lastSent >= timing.heartbeatInterval else { return [] }
        lastSent = now
        return [.sendHeartbeat]
    }
}
