internal import CKernels

/// Softmax over rows.
package enum Softmax {
    /// Replaces each row of `(rows, columns)` by its softmax.
    package static func rows(_ values: inout Tensor) {
        let (x, columns) = unsafe (values.base, values.columns)
        for row in 0..<values.rows { unsafe medmoe_softmax_f32(x + row * columns, columns) }
    }
}
