package import Shared
package import Transport

/// The bounded queue of accepted dispatches, and the choice of what to compute next: a value without a clock or socket.
package struct ExpertBatcher {
    /// The rows of one expert that wait together.
    package struct Batch {
        /// Whose rows they are.
        package let expert: ExpertID
        /// Each dispatch concerned, with its group for the expert and how many of its next rows.
        package let parts: [(dispatch: PendingDispatch, group: Int, rows: Int)]

        /// Rows in all.
        package var rows: Int { parts.reduce(0) { $0 + $1.rows } }
    }

    /// Rows of one batch at most: between two batches the node hears and answers its routers, so that a long prompt
    /// does not make it look dead.
    package static let rowsPerBatch = 256

    /// Bytes of rows that may wait.
    package let capacityBytes: Int
    /// What waits or computes, oldest first.
    package private(set) var queue: [PendingDispatch] = []
    /// Bytes of rows in the queue.
    package private(set) var queuedBytes = 0

    /// Makes an empty queue.
    package init(capacityBytes: Int) {
        self.capacityBytes = capacityBytes
    }

    /// Whether nothing waits.
    package var isEmpty: Bool { queue.isEmpty }
    /// Rows that wait to be computed.
    package var queuedRows: Int { queue.reduce(0) { $0 + $1.rowsLeft } }

    /// Queues a dispatch; false, and nothing changed, when its bytes do not fit any more.
    package mutating func add(_ dispatch: PendingDispatch) -> Bool {
        guard queuedBytes + dispatch.input.byteCount <= capacityBytes else { return false }
        queue.append(dispatch)
        queuedBytes += dispatch.input.byteCount
        return true
    }

    /// The oldest dispatch's first expert, with the rows that all others have for the same expert.
    package func nextBatch() -> Batch? {
        guard let oldest = queue.first, let group = oldest.firstOpenGroup else { return nil }
        let expert = oldest.message.groups[group].expert
        var parts: [(dispatch: PendingDispatch, group: Int, rows: Int)] = []
        var room = Self.rowsPerBatch
        for dispatch in queue {
            for (index, group) in dispatch.message.groups.enumerated() where group.expert == expert {
                let rows = min(dispatch.rowsLeft(inGroup: index), room)
                guard rows > 0 else { continue }
                parts.append((dispatch, index, rows))
                room -= rows
            }
        }
        return Batch(expert: expert, parts: parts)
    }

    /// Takes out a dispatch that is answered or given up.
    package mutating func remove(_ dispatch: PendingDispatch) {
        guard let index = queue.firstIndex(where: { $0 === dispatch }) else { return }
        queue.remove(at: index)
        queuedBytes -= dispatch.input.byteCount
    }

    /// Takes out and returns the dispatches whose budget is used up.
    package mutating func removeExpired(now: ContinuousClock.Instant) -> [PendingDispatch] {
        removeAll { $0.deadline <= now }
    }

    /// Takes out and returns the dispatches that something is true of.
    package mutating func removeAll(where isConcerned: (PendingDispatch) -> Bool) -> [PendingDispatch] {
        let concerned = queue.filter(isConcerned)
        for dispatch in concerned { remove(dispatch) }
        return concerned
    }

    /// Takes out a cancelled dispatch; false when it is not here any more.
    package mutating func cancel(peer: PeerID, request: UInt64) -> Bool {
        guard let dispatch = queue.first(where: { $0.peer == peer && $0.request == request }) else { return false }
        remove(dispatch)
        return true
    }
}
