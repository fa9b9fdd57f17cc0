internal import Glibc

/// The kernels again as plain loops in double precision: slow, obvious, and what the fast ones are compared with.
package enum ReferenceKernels {
    /// `y = x Wᵀ + b` for `x` of `(rows, inputs)` and `w` of `(outputs, inputs)`.
    package static func linear(
        _ x: [Float],
        _ w: [Float],
        bias: [Float]?,
        rows: Int,
        inputs: Int,
        outputs: Int,
    ) -> [Float] {
        var y = [Float](repeating: 0, count: rows * outputs)
        for row in 0..<rows {
            for output in 0..<outputs {
                var sum = Double(bias?[output] ?? 0)
                for k in 0..<inputs { sum += Double(x[row * inputs + k]) * Double(w[output * inputs + k]) }
                y[row * outputs + output] = Float(sum)
            }
        }
        return y
    }

    /// Layer normalisation of one row.
    package static func layerNorm(_ x: [Float], weight: [Float], bias: [Float], epsilon: Float) -> [Float] {
        let mean = x.reduce(0) { $0 + Double($1) } / Double(x.count)
        let variance = x.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(x.count)
        let scale = 1 / (variance + Double(epsilon)).squareRoot()
        return x.indices.map { Float((Double(x[$0]) - mean) * scale * Double(weight[$0]) + Double(bias[$0])) }
    }

    /// Softmax of one row.
    package static func softmax(_ x: [Float]) -> [Float] {
        let most = x.max() ?? 0
        let exponentials = x.map { exp(Double($0) - Double(most)) }
        let sum = exponentials.reduce(0, +)
        return exponentials.map { Float($0 / sum) }
    }

    /// `x * sigmoid(a x)`: SiLU for a = 1, quick_gelu for a = 1.702.
    package static func sigmoidGated(_ x: Float, _ a: Double) -> Float {
        Float(Double(x) / (1 + exp(-a * Double(x))))
    }

    /// The tanh form of GELU.
    package static func geluTanh(_ x: Float) -> Float {
        let wide = Double(x)
        return Float(0.5 * wide * (1 + tanh((2 / Double.pi).squareRoot() * (wide + 0.044715 * wide * wide * wide))))
    }

    /// The exact GELU.
    package static func gelu(_ x: Float) -> Float {
        Float(0.5 * Double(x) * (1 + erf(Double(x) / 2.0.squareRoot())))
    }

    /// Half-split rotation of the first `dimensions` numbers of one head.
    package static func rotate(_ head: [Float], position: Int, dimensions: Int, theta: Float) -> [Float] {
        var rotated = head
        let half = dimensions / 2
        for i in 0..<half {
            let angle = Double(position) * pow(Double(theta), -2 * Double(i) / Double(dimensions))
            let (a, b) = (Double(head[i]), Double(head[i + half]))
            rotated[i] = Float(a * cos(angle) - b * sin(angle))
            rotated[i + half] = Float(b * cos(angle) + a * sin(angle))
        }
        return rotated
    }

    /// Attention of one query over the given keys and values, one array a position.
    package static func attend(_ query: [Float], keys: [[Float]], values: [[Float]], scale: Float) -> [Float] {
        let scores = keys.map { key in
            Float(zip(query, key).reduce(0) { $0 + Double($1.0) * Double($1.1) } * Double(scale))
        }
        let weights = softmax(scores)
        return query.indices.map { column in
            Float(values.indices.reduce(0) { $0 + Double(weights[$1]) * Double(values[$1][column]) })
        }
    }

    /// A float32 rounded to the nearest brain float, ties to even.
    package static func brainFloat(_ value: Float) -> Float {
        let bits = value.bitPattern
        return Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
    }
}
