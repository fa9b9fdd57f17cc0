/// What stands at one position of a prompt: a token, or one patch of one picture.
package struct PositionContent: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64
    private let index: UInt32

    /// A token.
    package init(token: Int) {
        (high, low, index) = (0, UInt64(UInt32(truncatingIfNeeded: token)), .max)
    }

    /// A patch of the picture with this digest.
    package init(image: ImageDigest, patch: Int) {
        (high, low, index) = (image.high, image.low, UInt32(patch))
    }
}

/// Finished blocks of positions by all that stands before their end, for sequences that begin the same way.
///
/// A block is found only by its whole history, compared and not just hashed: contents, of the block and of every one
/// before it. Blocks that a sequence uses stay; of the others the one that was used least recently goes first, and never
/// before those that continue it. One thread only.
package final class PrefixCache<Block: AnyObject> {
    /// One block with its place in the tree of histories.
    package final class Node {
        fileprivate let number: Int
        fileprivate let key: Key
        fileprivate let parent: Node?
        /// What was computed for the block's positions.
        package let block: Block
        /// Who saw the block's positions when they were computed.
        package let tally: RoutingTally
        fileprivate var users = 0
        fileprivate var children = 0
        fileprivate var lastUse = 0

        fileprivate init(number: Int, key: Key, parent: Node?, block: Block, tally: RoutingTally) {
            self.number = number
            self.key = key
            self.parent = parent
            self.block = block
            self.tally = tally
        }
    }

    fileprivate struct Key: Hashable {
        let parent: Int
        let contents: [PositionContent]
    }

    private let blockSize: Int
    private var nodes: [Key: Node] = [:]
    private var lastNumber = 0
    private var clock = 0

    /// Starts empty; every block has `blockSize` positions.
    package init(blockSize: Int) {
        self.blockSize = blockSize
    }

    /// Blocks that are kept.
    package var count: Int { nodes.count }

    /// The longest kept beginning of `contents`, at most `most` blocks; whoever asks uses them until `release`.
    package func match(_ contents: [PositionContent], most: Int) -> [Node] {
        var found: [Node] = []
        while found.count < most, let key = key(found.count, of: contents, after: found.last), let node = nodes[key] {
            use(node)
            found.append(node)
        }
        return found
    }

    /// Keeps the block that follows `parent`; returns the node to use and release, which is another one's when the same
    /// was kept already: its block then stays where it is and the given one is still the caller's.
    package func insert(
        _ block: Block,
        at index: Int,
        of contents: [PositionContent],
        after parent: Node?,
        tally: RoutingTally,
    ) -> Node? {
        guard let key = key(index, of: contents, after: parent) else { return nil }
        if let node = nodes[key] {
            use(node)
            return node
        }
        lastNumber += 1
        let node = Node(number: lastNumber, key: key, parent: parent, block: block, tally: tally)
        parent?.children += 1
        nodes[key] = node
        use(node)
        return node
    }

    /// Says that a user of these nodes needs them no more.
    package func release(_ nodes: [Node]) {
        for node in nodes { node.users -= 1 }
    }

    /// Gives the block up that nobody uses, nothing continues, and was used least recently; nil when there is none.
    package func evict() -> Block? {
        let candidates = nodes.values.lazy.filter { $0.users == 0 && $0.children == 0 }
        guard let oldest = candidates.min(by: { $0.lastUse < $1.lastUse }) else { return nil }
        nodes[oldest.key] = nil
        oldest.parent?.children -= 1
        return oldest.block
    }

    /// Gives up all blocks that nobody uses.
    package func removeUnused() -> [Block] {
        let unused = nodes.values.filter { $0.users == 0 }
        nodes = nodes.filter { $0.value.users > 0 }
        for node in unused { node.parent?.children -= 1 }
        return unused.map(\.block)
    }

    private func use(_ node: Node) {
        clock += 1
        node.users += 1
        node.lastUse = clock
    }

    private func key(_ index: Int, of contents: [PositionContent], after parent: Node?) -> Key? {
        let end = (index + 1) * blockSize
        guard end <= contents.count else { return nil }
        return Key(parent: parent?.number ?? 0, contents: Array(contents[index * blockSize..<end]))
    }
}
