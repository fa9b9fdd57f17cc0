internal import CKernels
internal import Glibc

/// Rotary position embedding on the first dimensions of each head, half-split ("NeoX") form.
///
/// `angle(position, i) = position * theta^(-2i / dimensions)`; cosines and sines are tabled once for all positions.
package struct RotaryEmbedding: ~Copyable, Sendable {
    private let cosines: Tensor  // (positions, dimensions / 2)
    private let sines: Tensor
    private let dimensions: Int

    /// Tables `positions` positions for an even number of rotated dimensions.
    package init(dimensions: Int, theta: Float, positions: Int) {
        precondition(dimensions % 2 == 0, "rotated dimensions come in pairs")
        self.dimensions = dimensions
        let half = dimensions / 2
        var cosines = Tensor(zeros: TensorShape(positions, half))
        var sines = Tensor(zeros: TensorShape(positions, half))
        var c = cosines.mutableSpan
        var s = sines.mutableSpan
        for i in 0..<half {
            let frequency = 1 / powf(theta, Float(2 * i) / Float(dimensions))
            for position in 0..<positions {
                let angle = Double(Float(position) * frequency)
                c[position * half + i] = Float(cos(angle))
                s[position * half + i] = Float(sin(angle))
            }
        }
        self.cosines = cosines
        self.sines = sines
    }

    /// Positions that the tables cover.
    package var positions: Int { cosines.shape.extents[0] }

    /// Rotates row r of `(rows, heads * headSize)` as position `positions[r]`, every head alike.
    package func apply(to values: inout Tensor, positions rowPositions: [Int], headSize: Int) {
        precondition(rowPositions.count == values.rows, "one position for each row")
        guard dimensions > 0 else { return }
        let half = dimensions / 2
        let columns = values.columns
        for row in 0..<values.rows {
            let position = rowPositions[row]
            precondition(position >= 0 && position < positions, "position \(position) of \(positions)")
            for head in 0..<columns / headSize {
                unsafe medmoe_rotate_f32(
                    values.base + row * columns + head * headSize,
                    cosines.base + position * half,
                    sines.base + position * half,
                    dimensions,
                )
            }
        }
    }
}
