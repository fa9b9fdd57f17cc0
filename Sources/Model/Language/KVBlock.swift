package import Kernels

/// The keys and values of 32 consecutive positions in every layer.
package final class KVBlock: Sendable {
    /// Positions of a block.
    package static let positionCount = AttentionBlock.positionCount

    let layers: [AttentionBlock]

    init(_ shape: KVShape) {
        layers = (0..<shape.layerCount).map { _ in
            AttentionBlock(keyValueHeadCount: shape.headCount, headSize: shape.headSize, kind: shape.kind)
        }
    }

    /// Blocks that so many positions take.
    package static func count(for positions: Int) -> Int { AttentionBlock.count(for: positions) }
}

/// What a model's keys and values look like.
package struct KVShape: Sendable, Equatable {
    /// Decoder layers.
    package let layerCount: Int
    /// Heads of a key and of a value.
    package let headCount: Int
    /// Numbers of a head.
    package let headSize: Int
    /// What they are kept as.
    package let kind: AttentionBlock.Kind

    /// Describes keys and values.
    package init(layerCount: Int, headCount: Int, headSize: Int, kind: AttentionBlock.Kind = .f32) {
        self.layerCount = layerCount
        self.headCount = headCount
        self.headSize = headSize
        self.kind = kind
    }

    /// Bytes of the keys and values of one position in all layers.
    package var bytesPerPosition: Int { 2 * layerCount * headCount * headSize * kind.byteCount }
}

/// Blocks that are made once and used again and again, at most so many; one thread only.
package final class KVBlockPool {
    /// Blocks that may exist.
    package let capacity: Int
    private let shape: KVShape
    private var free: [KVBlock] = []
    private var made = 0

    /// Allows blocks for `positions` positions; memory is taken when it is first needed.
    package init(shape: KVShape, positions: Int) {
        self.shape = shape
        capacity = positions / KVBlock.positionCount
    }

    /// Blocks that somebody holds.
    package var used: Int { made - free.count }

    /// A block whose content means nothing; nil when all are held.
    package func take() -> KVBlock? {
        if let block = free.popLast() { return block }
        guard made < capacity else { return nil }
        made += 1
        return KVBlock(shape)
    }

    /// Takes a block back that nobody reads any more.
    package func give(_ block: KVBlock) { free.append(block) }
}
