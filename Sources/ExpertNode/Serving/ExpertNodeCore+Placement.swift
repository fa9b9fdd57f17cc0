internal import Model
package import Shared
internal import Transport

/// Experts that come and go while the node serves.
extension ExpertNodeCore {
    /// Where every expert stands, and when it was last seen to compute.
    package var health: [ExpertID: (condition: ExpertStore.Condition, provedAt: ContinuousClock.Instant?)] {
        store.health
    }

    /// What happened since the last call.
    package func takeEvents() -> [NodeEvent] {
        defer { events = [] }
        return events
    }

    /// A router placed experts; the fault, if any, is the only answer beside the hellos that follow.
    func follow(_ assignment: AssignMessage, request: UInt64, from peer: PeerID) {
        guard let loader else {
            let sentence = "Node \(settings.node) does not let routers place experts; start it with --accept-placement."
            return refuse(.unsupported, sentence, retryable: false, request: request, to: peer)
        }
        guard assignment.epoch >= store.epoch else {
            let sentence = "Node \(settings.node) follows placement \(store.epoch); one of \(assignment.epoch) came."
            return refuse(.stalePlacement, sentence, retryable: false, request: request, to: peer)
        }
        let held = Set(store.bank.experts)
        var bytes: [ExpertID: Int] = [:]
        for expert in assignment.experts {
            guard let count = loader.byteCount(of: expert) ?? (held.contains(expert) ? 0 : nil) else {
                let sentence = "Node \(settings.node) does not have the weights of expert \(expert) in its folder."
                return refuse(.invalidRequest, sentence, expert: expert, retryable: false, request: request, to: peer)
            }
            bytes[expert] = count
        }
        let before = (store.epoch, store.ready, isDraining)
        isAssignedToDrain = assignment.draining
        let changes = store.follow(
            epoch: assignment.epoch,
            experts: assignment.experts,
            byteCount: { bytes[$0] ?? 0 },
            limit: settings.memoryBytes,
        )
        loader.keepOrders(of: store.loading)
        for expert in changes.toLoad { loader.load(expert) }
        for expert in changes.refused {
            events.append(.failed(expert, store.notReady[expert] ?? "there is no memory for it"))
            let sentence = "Node \(settings.node) has no memory for expert \(expert): \(store.notReady[expert] ?? "")."
            refuse(.busy, sentence, expert: expert, retryable: false, request: request, to: peer)
        }
        guard changes != ExpertStore.Changes() || before != (store.epoch, store.ready, isDraining) else { return }
        events.append(
            .assigned(epoch: store.epoch, loading: changes.toLoad.count, leaving: changes.leaving.count)
        )
        servesAnew()
    }

    /// Takes in what was read meanwhile.
    func takeLoaded() {
        guard let loader else { return }
        let finished = loader.takeFinished()
        guard !finished.isEmpty else { return }
        for one in finished {
            switch one.outcome {
            case .loaded(let bank, let checksum):
                guard store.loaded(one.expert, bank, checksum: checksum, at: now()) else { continue }
                events.append(.loaded(one.expert))
            case .failed(let reason):
                guard store.notReady[one.expert] != nil else { continue }
                store.failed(one.expert, reason)
                events.append(.failed(one.expert, reason))
            }
        }
        servesAnew()
    }

    /// Gives up the weights of experts that leave once nothing queued needs them.
    func unloadUnused() {
        guard !store.leaving.isEmpty else { return }
        let gone = store.unload { expert in
            batcher.queue.contains { dispatch in dispatch.message.groups.contains { $0.expert == expert } }
        }
        guard !gone.isEmpty else { return }
        for expert in gone { events.append(.unloaded(expert)) }
        servesAnew(tells: false)
    }
}
