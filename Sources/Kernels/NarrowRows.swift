internal import CKernels

/// Rows on their way into and out of memory that holds another kind of number.
extension Tensor {
    /// Writes the rows that `rows` names one after another into `target`, from its number `offset` on, rounded to `kind`
    /// to nearest and ties to even.
    ///
    /// False when a finite number of theirs has become infinite as a half; its row and those after it are not written then.
    package func gather(
        _ rows: [Int],
        as kind: WeightKind,
        into target: inout MutableRawSpan,
        at offset: Int = 0,
    ) -> Bool {
        let room = offset >= 0 ? target.byteCount / kind.byteCount - offset : -1
        precondition(rows.count * columns <= room, "\(rows.count) rows of \(columns) into \(room) numbers")
        return unsafe target.withUnsafeMutableBytes { target in
            guard let start = target.baseAddress else { return true }
            for (index, source) in rows.enumerated() {
                precondition(source >= 0 && source < self.rows, "row \(source) of \(self.rows)")
                let from = unsafe base + source * columns
                if kind == .f16, unsafe medmoe_overflows_f16(from, columns) != 0 { return false }
                let to = unsafe start + (offset + index * columns) * kind.byteCount
                unsafe kind.narrow(from, count: columns, to: to)
            }
            return true
        }
    }

    /// Overwrites the rows that `rows` names with consecutive rows of `source`, numbers of `kind`, from its number
    /// `offset` on; they are widened exactly.
    package mutating func scatter(_ rows: [Int], as kind: WeightKind, from source: RawSpan, at offset: Int = 0) {
        let room = offset >= 0 ? source.byteCount / kind.byteCount - offset : -1
        precondition(rows.count * columns <= room, "\(rows.count) rows of \(columns) from \(room) numbers")
        let (base, columns, count) = unsafe (base, columns, self.rows)
        unsafe source.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            for (index, target) in rows.enumerated() {
                precondition(target >= 0 && target < count, "row \(target) of \(count)")
                let from = unsafe start + (offset + index * columns) * kind.byteCount
                let to = unsafe base + target * columns
                if kind == .f32 {
                    unsafe UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: columns * kind.byteCount)
                } else {
                    unsafe medmoe_widen(from, kind.c, columns, to)
                }
            }
        }
    }
}
