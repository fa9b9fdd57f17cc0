package import Model
package import Shared

/// The experts of a node and where each of them stands: loading, ready, failed, or on the way out.
///
/// A value of the compute thread, without clock, threads or sockets; weights come in whole, as banks that others loaded.
package struct ExpertStore {
    /// Where an expert stands.
    package enum Condition: Hashable, Sendable {
        /// It is being read; `byteCount` is about what it will take.
        case loading(byteCount: Int)
        /// It computes, and was seen to.
        case ready
        /// It cannot compute, and why; without a full stop.
        case failed(String)
        /// It is asked no more and computes what is queued.
        case leaving
    }

    private struct Entry {
        var condition: Condition
        /// The checksum of the canary's outputs, once known.
        var checksum: UInt32?
        var provedAt: ContinuousClock.Instant?
    }

    /// What the node has in memory: experts that are ready, and those that leave.
    package private(set) var bank: ExpertBank
    /// The placement that the node follows.
    package private(set) var epoch: UInt64
    private var entries: [ExpertID: Entry] = [:]
    private var lastProved: ExpertID?

    /// Takes loaded experts, with the canary's checksums of those that were proved.
    package init(bank: ExpertBank, checksums: [ExpertID: UInt32], epoch: UInt64, now: ContinuousClock.Instant) {
        self.bank = bank
        self.epoch = epoch
        for expert in bank.experts {
            let checksum = checksums[expert]
            entries[expert] = Entry(condition: .ready, checksum: checksum, provedAt: checksum.map { _ in now })
        }
    }

    /// The experts that rows may be sent to, in order.
    package var ready: [ExpertID] { entries.filter { $0.value.condition == .ready }.keys.sorted() }

    /// The experts that are to be here and cannot compute, each with the reason.
    package var notReady: [ExpertID: String] {
        entries.compactMapValues { entry in
            switch entry.condition {
            case .loading: "it is being loaded"
            case .failed(let reason): reason
            case .ready, .leaving: nil
            }
        }
    }

    /// The experts that are being read or are to be.
    package var loading: Set<ExpertID> {
        Set(entries.filter { if case .loading = $0.value.condition { true } else { false } }.keys)
    }

    /// The experts that are here for what is queued only.
    package var leaving: Set<ExpertID> { Set(entries.filter { $0.value.condition == .leaving }.keys) }

    /// Where every expert stands, and when it was last seen to compute; those that leave are none of the node's any more.
    package var health: [ExpertID: (condition: Condition, provedAt: ContinuousClock.Instant?)] {
        entries.filter { $0.value.condition != .leaving }.mapValues { ($0.condition, $0.provedAt) }
    }

    /// Bytes of what is in memory and stays, and of what is on its way there; what leaves makes room within a moment.
    package var byteCount: Int {
        entries.reduce(0) { sum, entry in
            switch entry.value.condition {
            case .loading(let bytes): sum + bytes
            case .ready: sum + bank.byteCount(of: entry.key)
            case .failed, .leaving: sum
            }
        }
    }
}

extension ExpertStore {
    /// What an assignment leads to.
    package struct Changes: Equatable {
        /// The experts that have to be read now.
        package var toLoad: [ExpertID] = []
        /// The experts for which there is no memory.
        package var refused: [ExpertID] = []
        /// The experts that are asked no more.
        package var leaving: [ExpertID] = []

        /// Lists them.
        package init(toLoad: [ExpertID] = [], refused: [ExpertID] = [], leaving: [ExpertID] = []) {
            self.toLoad = toLoad
            self.refused = refused
            self.leaving = leaving
        }
    }

    /// Follows a placement of this or a later epoch; an expert that failed and is named again is read again in a later one.
    ///
    /// - Parameters:
    ///   - byteCount: About the bytes that an expert takes.
    ///   - limit: Bytes that all experts may take; nil for any number.
    package mutating func follow(
        epoch newEpoch: UInt64,
        experts: [ExpertID],
        byteCount: (ExpertID) -> Int,
        limit: Int?,
    ) -> Changes {
        let isLater = newEpoch > epoch
        epoch = newEpoch
        var changes = Changes()
        let wanted = Set(experts)
        for (expert, entry) in entries.sorted(by: { $0.key < $1.key }) where !wanted.contains(expert) {
            switch entry.condition {
            case .ready:
                entries[expert]?.condition = .leaving
                changes.leaving.append(expert)
            case .loading, .failed: entries[expert] = nil
            case .leaving: break
            }
        }
        for expert in wanted.sorted() {
            switch entries[expert]?.condition {
            case .ready, .loading: continue
            case .leaving:
                entries[expert]?.condition = .ready
                continue
            case .failed where !isLater: continue
            case .failed, nil: break
            }
            entries[expert] = nil
            let bytes = byteCount(expert)
            if let limit, self.byteCount + bytes > limit {
                let reason = "it takes about \(bytes) bytes, which do not fit in the \(limit) of --memory-mib"
                entries[expert] = Entry(condition: .failed(reason))
                changes.refused.append(expert)
            } else {
                entries[expert] = Entry(condition: .loading(byteCount: bytes))
                changes.toLoad.append(expert)
            }
        }
        return changes
    }

    /// An expert was read and proved; false when nobody waits for it any more.
    package mutating func loaded(
        _ expert: ExpertID,
        _ loaded: ExpertBank,
        checksum: UInt32?,
        at now: ContinuousClock.Instant,
    ) -> Bool {
        guard case .loading? = entries[expert]?.condition, loaded.holds(expert) else { return false }
        bank = bank.adding(loaded)
        entries[expert] = Entry(condition: .ready, checksum: checksum, provedAt: checksum.map { _ in now })
        return true
    }

    /// An expert cannot compute, and why, without a full stop: its weights go.
    package mutating func failed(_ expert: ExpertID, _ reason: String) {
        guard entries[expert] != nil else { return }
        bank = bank.removing(expert)
        entries[expert]?.condition = .failed(reason)
    }

    /// Gives up the weights of those that leave and that nothing is queued for; returns them.
    package mutating func unload(unless isNeeded: (ExpertID) -> Bool) -> [ExpertID] {
        let gone = leaving.filter { !isNeeded($0) }.sorted()
        for expert in gone {
            entries[expert] = nil
            bank = bank.removing(expert)
        }
        return gone
    }

    /// The expert whose turn it is to be proved; nil when none is ready.
    package mutating func nextToProve() -> ExpertID? {
        let ready = ready
        lastProved = lastProved.flatMap { last in ready.first { $0 > last } } ?? ready.first
        return lastProved
    }

    /// Takes in what came of the canary; returns why the expert has failed, or nil.
    ///
    /// The first checksum of an expert is what later ones are held against.
    package mutating func judge(
        _ expert: ExpertID,
        _ finding: Canary.Finding,
        at now: ContinuousClock.Instant,
    ) -> String? {
        guard let entry = entries[expert], entry.condition == .ready else { return nil }
        let reason: String
        switch finding {
        case .checksum(let found) where entry.checksum == nil || entry.checksum == found:
            entries[expert]?.checksum = found
            entries[expert]?.provedAt = now
            return nil
        case .checksum: reason = "its outputs are not what they were when it was loaded"
        case .notFinite: reason = "its outputs for ordinary rows are not finite"
        case .absent: reason = "its weights are not in memory"
        }
        failed(expert, reason)
        return reason
    }

    /// Puts another bank in the place of the weights in memory, unseen: what a damaged memory would do, for tests.
    package mutating func tamper(_ change: (ExpertBank) -> ExpertBank) { bank = change(bank) }
}
