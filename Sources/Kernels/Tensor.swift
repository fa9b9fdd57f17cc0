/// Dense float32 numbers in row-major order with one owner: moving it hands the memory on, nothing copies it unasked.
///
/// Kernels see a tensor as `shape.rows` rows of `shape.columns` numbers.
@safe
package struct Tensor: ~Copyable {
    /// The extents, outermost first.
    package let shape: TensorShape
    /// `shape.count` floats; its own are 64-byte aligned and freed with the tensor.
    let base: UnsafeMutablePointer<Float>
    /// Who owns the memory, where the tensor only looks at it.
    private let owner: (any AnyObject & Sendable)?

    /// Makes a tensor of zeros.
    package init(zeros shape: TensorShape) {
        self.init(uninitialized: shape)
        unsafe base.update(repeating: 0, count: shape.count)
    }

    /// Copies the given numbers, of which there must be as many as the shape holds.
    package init(_ shape: TensorShape, _ values: [Float]) {
        precondition(values.count == shape.count, "\(values.count) numbers do not fill \(shape)")
        self.init(uninitialized: shape)
        for index in values.indices { unsafe base[index] = values[index] }
    }

    /// Makes a tensor whose numbers the caller writes before anybody reads them.
    package init(uninitialized shape: TensorShape) {
        self.shape = shape
        let bytes = max(1, shape.count) * MemoryLayout<Float>.stride
        let raw = unsafe HeapMemory.allocate(byteCount: bytes)
        unsafe base = raw.bindMemory(to: Float.self, capacity: max(1, shape.count))
        owner = nil
    }

    /// Looks at memory that `owner` keeps alive.
    init(shape: TensorShape, base: UnsafeMutablePointer<Float>, owner: any AnyObject & Sendable) {
        self.shape = shape
        unsafe self.base = base
        self.owner = owner
    }

    deinit {
        if owner == nil { unsafe HeapMemory.free(base) }
    }

    /// Number of innermost rows.
    package var rows: Int { shape.rows }
    /// Length of a row.
    package var columns: Int { shape.columns }

    /// All numbers, for reading.
    package var span: Span<Float> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(_unsafeStart: base, count: shape.count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// All numbers, for writing.
    package var mutableSpan: MutableSpan<Float> {
        @_lifetime(&self)
        mutating get {
            let span = unsafe MutableSpan(_unsafeStart: base, count: shape.count)
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }

    /// A copy of all numbers.
    package var array: [Float] {
        unsafe Array(UnsafeBufferPointer(start: base, count: shape.count))
    }

    /// A copy of one innermost row.
    package func row(_ index: Int) -> [Float] {
        precondition(index >= 0 && index < rows, "row \(index) of \(rows)")
        return unsafe Array(UnsafeBufferPointer(start: base + index * columns, count: columns))
    }

    /// The same numbers under another shape of as many elements.
    package consuming func reshaped(_ shape: TensorShape) -> Tensor {
        precondition(shape.count == self.shape.count, "\(self.shape) has not as many numbers as \(shape)")
        let other = Tensor(uninitialized: shape)
        unsafe other.base.update(from: base, count: shape.count)
        return other
    }

    /// A copy of this tensor.
    package func copy() -> Tensor {
        let other = Tensor(uninitialized: shape)
        unsafe other.base.update(from: base, count: shape.count)
        return other
    }
}

/// The memory belongs to exactly one tensor value and is only reached through it.
extension Tensor: @unchecked Sendable {}
