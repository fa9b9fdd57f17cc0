package import Kernels
package import Shared

/// The experts that a process holds, by id, each with the hash of its weights.
package final class ExpertBank: Sendable {
    struct Entry: Sendable {
        /// Nil for an expert that gives its rows back as they are.
        let block: ExpertFFN?
        let hash: WeightsHash
    }

    let entries: [ExpertID: Entry]

    init(entries: [ExpertID: Entry]) { self.entries = entries }

    /// Loads the given experts from a checkpoint; only their tensors are read.
    ///
    /// - Throws: `CheckpointError` when a tensor is missing or has another shape than the configuration demands.
    package init(loading experts: [ExpertID], from weights: ModelWeights) throws(CheckpointError) {
        var entries: [ExpertID: Entry] = [:]
        for id in experts {
            entries[id] = Entry(block: try weights.expert(id), hash: try weights.hash(of: id))
        }
        self.entries = entries
    }

    /// Makes experts that give their rows back as they are: for measurements of everything around the arithmetic.
    package init(echoing experts: [ExpertID: WeightsHash]) {
        entries = experts.mapValues { Entry(block: nil, hash: $0) }
    }

    /// The hosted experts in order.
    package var experts: [ExpertID] { entries.keys.sorted() }

    /// The hash of an expert's weights, nil when it is not here.
    package func hash(of id: ExpertID) -> WeightsHash? { entries[id]?.hash }

    /// Bytes that the experts' numbers take in memory.
    package var byteCount: Int { entries.values.reduce(0) { $0 + ($1.block?.byteCount ?? 0) } }

    /// Whether an expert is here.
    package func holds(_ id: ExpertID) -> Bool { entries[id] != nil }

    /// Sends rows of `source` through several experts side by side, each the rows that its indices name.
    ///
    /// Every expert has to be here.
    package func compute(
        _ work: [(expert: ExpertID, rows: [Int])],
        of source: borrowing Tensor,
        on pool: ThreadPool,
    ) -> [FeedForwardCall] {
        let requests = work.map { one -> (layers: FeedForwardLayers, indices: [Int]?) in
            guard let block = entries[one.expert]?.block else { preconditionFailure("\(one.expert) is not here") }
            return (block.layers, one.rows)
        }
        return FeedForwardCall.run(requests, rows: source, on: pool)
    }

    /// Runs rows `(rows, hiddenSize)` through one expert into `output` of the same shape; false when it is not here.
    package func compute(
        _ id: ExpertID,
        rows: borrowing Tensor,
        into output: consuming Tensor,
        on pool: ThreadPool,
    ) -> Bool {
        guard let entry = entries[id] else { return false }
        guard let block = entry.block else {
            rows.copy(into: output)
            return true
        }
        block(rows, into: output, on: pool)
        return true
    }

    /// Runs rows `(rows, hiddenSize)` through one expert; nil when it is not here.
    package func compute(_ id: ExpertID, rows: borrowing Tensor, on pool: ThreadPool) -> Tensor? {
        guard let entry = entries[id] else { return nil }
        guard let block = entry.block else { return rows.copy() }
        return block(rows, on: pool)
    }
}
