internal import CKernels

/// The keys and values of 32 consecutive positions in one layer, laid out as the attention kernel reads them.
///
/// Keys are `(keyValueHeads, headSize, positions)`, values `(keyValueHeads, positions, headSize)`. A position that
/// nothing was stored at holds anything, and no row may see it.
@safe
package final class AttentionBlock {
    /// Positions of a block.
    package static let positionCount = Int(MEDMOE_ATTENTION_BLOCK)

    /// Heads of a key and of a value.
    package let keyValueHeadCount: Int
    /// Numbers of a head.
    package let headSize: Int
    /// Bytes that the block takes.
    package let byteCount: Int
    /// 64-byte aligned, freed with the block.
    let base: UnsafeMutablePointer<Float>

    /// Makes an empty block.
    package init(keyValueHeadCount: Int, headSize: Int) {
        precondition(keyValueHeadCount > 0 && headSize > 0, "\(keyValueHeadCount) heads of \(headSize)")
        self.keyValueHeadCount = keyValueHeadCount
        self.headSize = headSize
        let count = 2 * keyValueHeadCount * headSize * Self.positionCount
        byteCount = count * MemoryLayout<Float>.stride
        let raw = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
        unsafe base = raw.bindMemory(to: Float.self, capacity: count)
    }

    deinit {
        unsafe UnsafeMutableRawPointer(base).deallocate()
    }

    /// Blocks that so many positions take.
    package static func count(for positions: Int) -> Int { (positions + positionCount - 1) / positionCount }

    /// Stores consecutive rows of `keys` and `values` from a position of this block on; all must fit.
    ///
    /// Both are `(rows, keyValueHeads * headSize)`.
    package func store(keys: borrowing Tensor, values: borrowing Tensor, rows: Range<Int>, at position: Int) {
        let columns = keyValueHeadCount * headSize
        precondition(keys.columns == columns && values.columns == columns, "\(keys.shape), \(values.shape)")
        precondition(rows.lowerBound >= 0 && rows.upperBound <= min(keys.rows, values.rows), "rows \(rows)")
        precondition(position >= 0 && position + rows.count <= Self.positionCount, "\(rows.count) from \(position)")
        unsafe medmoe_attention_store(
            base,
            keyValueHeadCount,
            headSize,
            position,
            rows.count,
            keys.base + rows.lowerBound * columns,
            values.base + rows.lowerBound * columns,
        )
    }
}

/// Whoever stores takes care that nobody reads or stores the same positions meanwhile; nothing else changes.
extension AttentionBlock: @unchecked Sendable {}
