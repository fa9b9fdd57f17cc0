internal import CKernels

/// The keys and values of 32 consecutive positions in one layer, laid out as the attention kernel reads them.
///
/// Keys are `(keyValueHeads, headSize, positions)`, values `(keyValueHeads, positions, headSize)`. A position that
/// nothing was stored at holds anything, and no row may see it.
@safe
package final class AttentionBlock {
    /// What keys and values are kept as.
    package enum Kind: String, CaseIterable, Sendable {
        /// As they come.
        case f32
        /// Rounded to brain floats: half of the bytes; they are widened as they are used.
        case bf16

        /// Bytes of a number.
        package var byteCount: Int { self == .f32 ? 4 : 2 }
    }

    /// Positions of a block.
    package static let positionCount = Int(MEDMOE_ATTENTION_BLOCK)

    /// Heads of a key and of a value.
    package let keyValueHeadCount: Int
    /// Numbers of a head.
    package let headSize: Int
    /// What its numbers are.
    package let kind: Kind
    /// Bytes that the block takes.
    package let byteCount: Int
    /// 64-byte aligned, freed with the block.
    let base: UnsafeMutableRawPointer

    /// Makes an empty block.
    package init(keyValueHeadCount: Int, headSize: Int, kind: Kind = .f32) {
        precondition(keyValueHeadCount > 0 && headSize > 0, "\(keyValueHeadCount) heads of \(headSize)")
        self.keyValueHeadCount = keyValueHeadCount
        self.headSize = headSize
        self.kind = kind
        let count = 2 * keyValueHeadCount * headSize * Self.positionCount
        byteCount = count * kind.byteCount
        unsafe base = HeapMemory.allocate(byteCount: byteCount)
        switch kind {
        case .f32: unsafe base.bindMemory(to: Float.self, capacity: count)
        case .bf16: unsafe base.bindMemory(to: UInt16.self, capacity: count)
        }
    }

    deinit {
        unsafe HeapMemory.free(base)
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
        let (k, v) = unsafe (keys.base + rows.lowerBound * columns, values.base + rows.lowerBound * columns)
        let (heads, size, count) = (keyValueHeadCount, headSize, rows.count)
        switch kind {
        case .f32:
            let floats = unsafe base.assumingMemoryBound(to: Float.self)
            unsafe medmoe_attention_store(floats, heads, size, position, count, k, v)
        case .bf16:
            let brains = unsafe base.assumingMemoryBound(to: UInt16.self)
            unsafe medmoe_attention_store_brain(brains, heads, size, position, count, k, v)
        }
    }
}

/// Whoever stores takes care that nobody reads or stores the same positions meanwhile; nothing else changes.
extension AttentionBlock: @unchecked Sendable {}
