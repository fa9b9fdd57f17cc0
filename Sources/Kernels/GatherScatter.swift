internal import CKernels

extension Tensor {
    /// The rows of this tensor that `rows` names, in that order.
    package func gathering(_ rows: [Int]) -> Tensor {
        let output = Tensor(uninitialized: TensorShape(rows.count, columns))
        for (target, source) in rows.enumerated() {
            precondition(source >= 0 && source < self.rows, "row \(source) of \(self.rows)")
            unsafe (output.base + target * columns).update(from: base + source * columns, count: columns)
        }
        return output
    }

    /// Writes all numbers into `target`, which has the same shape.
    package func copy(into target: borrowing Tensor) {
        precondition(target.shape == shape, "\(shape) into \(target.shape)")
        unsafe target.base.update(from: base, count: shape.count)
    }

    /// Writes the rows that `rows` names one after another into `target`, from its element `offset` on.
    package func gather(_ rows: [Int], into target: inout MutableSpan<Float>, at offset: Int = 0) {
        let room = offset >= 0 ? target.count - offset : -1
        precondition(rows.count * columns <= room, "\(rows.count) rows of \(columns) into \(room) numbers")
        unsafe target.withUnsafeMutableBufferPointer { target in
            guard let start = target.baseAddress else { return }
            for (index, source) in rows.enumerated() {
                precondition(source >= 0 && source < self.rows, "row \(source) of \(self.rows)")
                unsafe (start + offset + index * columns).update(from: base + source * columns, count: columns)
            }
        }
    }

    /// Overwrites the rows that `rows` names with consecutive rows of `source`, from its element `offset` on.
    package mutating func scatter(_ rows: [Int], from source: Span<Float>, at offset: Int = 0) {
        let room = offset >= 0 ? source.count - offset : -1
        precondition(rows.count * columns <= room, "\(rows.count) rows of \(columns) from \(room) numbers")
        let (base, columns, count) = unsafe (base, columns, self.rows)
        unsafe source.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            for (index, target) in rows.enumerated() {
                precondition(target >= 0 && target < count, "row \(target) of \(count)")
                unsafe (base + target * columns).update(from: start + offset + index * columns, count: columns)
            }
        }
    }

    /// Overwrites the rows that `rows` names with the rows of `source`, in order.
    package mutating func scatter(_ rows: [Int], from source: borrowing Tensor) {
        scatter(rows, from: source.span)
    }

    /// Copies `count` rows of `source` from `first` on to the rows of this tensor from `target` on.
    package mutating func copyRows(from source: borrowing Tensor, first: Int, count: Int, to target: Int) {
        precondition(source.columns == columns, "\(source.shape) into \(shape)")
        precondition(first >= 0 && count >= 0 && first + count <= source.rows, "rows \(first)..<\(first + count)")
        precondition(target >= 0 && target + count <= rows, "rows \(target)..<\(target + count) of \(rows)")
        unsafe (base + target * columns).update(from: source.base + first * columns, count: count * columns)
    }

    /// Adds `factor * source[row]` to row `target` of this tensor.
    package mutating func addRow(_ target: Int, factor: Float, source: borrowing Tensor, row: Int) {
        precondition(source.columns == columns && target < rows && row < source.rows, "\(source.shape), \(shape)")
        unsafe medmoe_axpy_f32(factor, source.base + row * columns, base + target * columns, columns)
    }

    /// Adds a tensor of the same shape, element by element.
    package mutating func add(_ other: borrowing Tensor) {
        precondition(other.shape.count == shape.count, "\(other.shape) onto \(shape)")
        unsafe medmoe_axpy_f32(1, other.base, base, shape.count)
    }
}
