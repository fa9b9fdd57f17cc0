package import Kernels

/// The learned layer that scores the routed experts of one layer: `softmax(x Wᵀ + b)` in float32, row by row.
package final class Gate: Sendable {
    private let weight: Linear
    private let topK: Int

    /// Takes the gate's linear layer, `(experts, hiddenSize)`, and how many experts a row gets (1 or 2).
    package init(weight: consuming Linear, topK: Int) {
        self.weight = weight
        self.topK = topK
    }

    /// Number of routed experts it chooses from.
    package var expertCount: Int { weight.outputs }

    /// Logits of `(rows, experts)`, before the softmax.
    package func logits(_ input: borrowing Tensor, on pool: ThreadPool) -> Tensor {
        weight(input, on: pool)
    }

    /// Picks the experts of each row from its logits.
    ///
    /// With one expert the weight is the raw softmax probability; with two, both probabilities are divided by their
    /// sum. Equal logits go to the lower index, and there is no noise: the same row always gets the same experts.
    package func decide(logits: borrowing Tensor) -> RoutingDecision {
        var probabilities = logits.copy()
        Softmax.rows(&probabilities)
        var experts: [Int] = []
        var weights: [Float] = []
        experts.reserveCapacity(logits.rows * topK)
        weights.reserveCapacity(logits.rows * topK)
        let columns = logits.columns
        for row in 0..<logits.rows {
            let range = row * columns..<(row + 1) * columns
            let chosen = TopK.indices(logits.span.extracting(range), k: topK)
            let values = probabilities.span.extracting(range)
            var sum: Float = 1
            if topK > 1 {
                sum = max(chosen.reduce(0) { $0 + values[$1] }, .ulpOfOne)
            }
            for expert in chosen {
                experts.append(expert)
                weights.append(values[expert] / sum)
            }
        }
        return RoutingDecision(topK: topK, experts: experts, weights: weights)
    }
}
