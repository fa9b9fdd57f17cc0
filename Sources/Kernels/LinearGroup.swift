/// Three layers over the same input: the projections of attention.
package struct Projections: ~Copyable {
    /// `(rows, outputs)` each.
    package var query: Tensor
    /// See `query`.
    package var key: Tensor
    /// See `query`.
    package var value: Tensor

    /// Computes all three at once; the input is packed once.
    package init(
        _ input: borrowing Tensor,
        query: Linear,
        key: Linear,
        value: Linear,
        on pool: ThreadPool,
    ) {
        precondition(query.dtype == key.dtype && query.dtype == value.dtype, "projections of one dtype")
        let rows = LinearInput(input, dtype: query.dtype, instructions: .best)
        self.query = Tensor(uninitialized: TensorShape(input.rows, query.outputs))
        self.key = Tensor(uninitialized: TensorShape(input.rows, key.outputs))
        self.value = Tensor(uninitialized: TensorShape(input.rows, value.outputs))
        pool.run([rows.packing])
        unsafe pool.run([
            query.job(rows, into: self.query.base),
            key.job(rows, into: self.key.base),
            value.job(rows, into: self.value.base),
        ])
    }
}
