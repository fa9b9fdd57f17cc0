package import Kernels
internal import Shared

extension ExpertOutputs {
    /// Weighs the routed rows by the gate and adds them up in rank order: `(rows, hiddenSize)`.
    package func weightedRouted(_ routing: RoutingDecision) -> Tensor {
        var sum = Tensor(zeros: TensorShape(routing.rows, routed.columns))
        for row in 0..<routing.rows {
            for rank in 0..<routing.topK {
                let assignment = row * routing.topK + rank
                sum.addRow(row, factor: routing.weights[assignment], source: routed, row: assignment)
            }
        }
        return sum
    }

    /// The rows that cannot be trusted, each with the failure that spoiled it.
    package func spoiledRows(_ routing: RoutingDecision, layer: Int) -> [Int: ExpertFailure] {
        guard !failures.isEmpty else { return [:] }
        var spoiled: [Int: ExpertFailure] = [:]
        for row in 0..<routing.rows {
            for rank in 0..<routing.topK where spoiled[row] == nil {
                let expert = routing.experts[row * routing.topK + rank]
                spoiled[row] = failures[ExpertID(layer: layer, slot: .routed(expert))]
            }
            if spoiled[row] == nil { spoiled[row] = failures[ExpertID(layer: layer, slot: .meta)] }
        }
        return spoiled
    }
}
