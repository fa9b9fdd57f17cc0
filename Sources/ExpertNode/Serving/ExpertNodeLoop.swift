internal import Foundation
internal import Logging
internal import Shared
internal import Transport

/// The node's one compute thread: it owns the socket, takes messages in, computes a batch, sends what is ready.
final class ExpertNodeLoop {
    private let core: ExpertNodeCore
    private let listener: any ExpertListener
    private let state: NodeState
    private let logger: Logger
    private let drainTimeout: Duration
    private var shownHealth = -1

    init(
        core: ExpertNodeCore,
        listener: any ExpertListener,
        state: NodeState,
        logger: Logger,
        drainTimeout: Duration,
    ) {
        self.core = core
        self.listener = listener
        self.state = state
        self.logger = logger
        self.drainTimeout = drainTimeout
    }

    /// Serves until the state says drain and nothing is queued; then says goodbye to every router.
    func run() {
        core.adoptThread()
        var drainDeadline: ContinuousClock.Instant?
        while true {
            if state.isDraining, drainDeadline == nil {
                core.drain()
                drainDeadline = .now + drainTimeout
                logger.notice("The node drains: it finishes what is queued and takes no more.")
            }
            if let drainDeadline, !core.hasWork || drainDeadline <= .now { break }
            receive(upTo: core.hasWork ? .zero : .milliseconds(500))
            for reply in core.step() { send(reply) }
            showWhatHappened()
            state.cameRound()
        }
        // Dispatches that arrived in the last moment get their fault before the goodbye.
        receive(upTo: .zero)
        for reply in core.step() { send(reply) }
        for router in core.greetedRouters {
            let goodbye = WireHeader(body: .goodbye(GoodbyeMessage(reason: "shutting down")))
            try? listener.send(goodbye, tensor: nil, to: router)
        }
    }

    /// Logs what happened, and tells health checks where the experts stand.
    private func showWhatHappened() {
        for event in core.takeEvents() { event.log(to: logger) }
        guard shownHealth != core.healthRevision else { return }
        shownHealth = core.healthRevision
        state.show(core.health)
    }

    private func receive(upTo timeout: Duration) {
        do {
            for event in try listener.poll(timeout: timeout) {
                switch event {
                case .message(let peer, let header, _):
                    if case .hello(let hello) = header.body, !core.knows(peer) {
                        // What its key says counts more than what it says itself.
                        let name = listener.router(of: peer)?.rawValue ?? hello.sender
                        logger.info("A router said hello.", metadata: ["router.id": "\(name)"])
                    }
                case .malformed(_, let error):
                    // Counted in the metrics; a hostile peer must not fill the log.
                    logger.debug("A message was not understood and was dropped.", metadata: ["error": "\(error)"])
                }
                core.receive(event)
            }
        } catch {
            logger.error("The socket cannot be polled.", metadata: ["error": "\(error)"])
        }
    }

    private func send(_ reply: OutboundReply) {
        do {
            try listener.send(reply.header, tensor: reply.tensor, to: reply.peer)
        } catch {
            // The router is gone or does not read; nothing of it is kept.
            if error.code == .unreachable { core.forget(reply.peer) }
            logger.debug("An answer could not be sent.", metadata: ["error": "\(error)"])
        }
    }
}
