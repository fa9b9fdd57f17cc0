package import Kernels
package import Shared

extension ExpertOutputs {
    /// Weighs the routed rows by the gate and adds them up in rank order: `(rows, hiddenSize)`.
    ///
    /// Rows in `without` are left at zero.
    package func weightedRouted(_ routing: RoutingDecision, without: [Int: LostRow] = [:]) -> Tensor {
        var sum = Tensor(zeros: TensorShape(routing.rows, routed.columns))
        for row in 0..<routing.rows where without.isEmpty || without[row] == nil {
            for rank in 0..<routing.topK {
                let assignment = row * routing.topK + rank
                sum.addRow(row, factor: routing.weights[assignment], source: routed, row: assignment)
            }
        }
        return sum
    }

    /// What the failures mean for each row of a layer: which cannot be trusted, and which go on by the meta expert alone.
    ///
    /// A row is *lost* and not spoiled where its sequence bears the loss of each routed expert that it misses, and the
    /// layer's meta expert answered.
    package func rowLosses(
        _ routing: RoutingDecision,
        layer: Int,
        bears: (_ row: Int, _ expert: Int) -> Bool,
    ) -> RowLosses {
        var losses = RowLosses()
        guard !failures.isEmpty else { return losses }
        let metaFailure = failures[ExpertID(layer: layer, slot: .meta)]
        let hasMeta = meta.rows > 0 && metaFailure == nil
        for row in 0..<routing.rows {
            let assignments = row * routing.topK..<(row + 1) * routing.topK
            let missing = assignments.map { ExpertID(layer: layer, slot: .routed(routing.experts[$0])) }
                .filter { failures[$0] != nil }
            guard let first = missing.first else {
                losses.spoiled[row] = metaFailure
                continue
            }
            let culprit = missing.first { id in
                guard case .routed(let index) = id.slot else { return true }
                return !bears(row, index)
            }
            if hasMeta, culprit == nil {
                let mass = assignments.reduce(Float(0)) { $0 + routing.weights[$1] }
                losses.lost[row] = LostRow(missing: missing, gateMass: mass)
            } else {
                // The one that decides what becomes of the row: not one that it could have done without.
                losses.spoiled[row] = culprit.flatMap { failures[$0] } ?? metaFailure ?? failures[first]
            }
        }
        return losses
    }
}

/// A row whose layer output is the meta expert's alone.
package struct LostRow: Sendable, Equatable {
    /// The routed experts that did not answer.
    package let missing: [ExpertID]
    /// The gate weights of all routed experts of the row, whose outputs are left out.
    package let gateMass: Float

    /// Describes a loss.
    package init(missing: [ExpertID], gateMass: Float) {
        self.missing = missing
        self.gateMass = gateMass
    }
}

/// The rows of a layer that lack an expert.
package struct RowLosses: Sendable {
    /// Rows that cannot be trusted, each with the failure that spoiled it.
    package var spoiled: [Int: ExpertFailure] = [:]
    /// Rows that go on by the meta expert alone.
    package var lost: [Int: LostRow] = [:]

    /// Nothing is lost.
    package init() {}
}

/// How one mixture layer's rows fared, beside their numbers.
package struct ExpertOutcome: Sendable {
    /// Where each expert that answered stands.
    package let sources: [ExpertID: ExpertSource]
    /// How often the expert that was asked most often was asked.
    package let attempts: Int
    /// Rows that went on without their routed experts.
    package let lost: [Int: LostRow]

    /// Describes a layer's outcome.
    package init(sources: [ExpertID: ExpertSource], attempts: Int = 1, lost: [Int: LostRow] = [:]) {
        self.sources = sources
        self.attempts = attempts
        self.lost = lost
    }
}
