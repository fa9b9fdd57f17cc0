internal import Kernels

/// The keys and values of one sequence: blocks in the order of its positions.
package final class KVCache {
    /// Positions that the sequence may have.
    package let capacity: Int
    /// Positions that every layer has seen.
    package internal(set) var count: Int
    /// The blocks, in order; those of a shared prefix first.
    package private(set) var blocks: [KVBlock]
    private let take: () -> KVBlock

    /// Starts a sequence whose first `prefix.count` blocks are full and shared; `take` gives further blocks.
    package init(capacity: Int, prefix: [KVBlock] = [], take: @escaping () -> KVBlock) {
        self.capacity = capacity
        self.take = take
        blocks = prefix
        count = prefix.count * KVBlock.positionCount
    }

    /// Forgets the positions from `count` on; does nothing when there are fewer.
    package func truncate(to count: Int) {
        self.count = min(self.count, count)
    }

    /// Takes another block with the same content for one of these; returns the one that is not needed any more.
    package func replace(_ index: Int, with block: KVBlock) -> KVBlock {
        defer { blocks[index] = block }
        return blocks[index]
    }

    /// Makes room for `positions` in all.
    func reserve(upTo positions: Int) {
        precondition(positions <= capacity, "\(positions) positions of \(capacity)")
        while blocks.count * KVBlock.positionCount < positions { blocks.append(take()) }
    }

    /// One layer's part of all blocks.
    func layer(_ index: Int) -> [AttentionBlock] { blocks.map { $0.layers[index] } }
}
