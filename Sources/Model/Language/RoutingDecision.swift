internal import Kernels

/// Which experts the gate of one layer picks for each row, and how much each counts.
package struct RoutingDecision: Sendable {
    /// Experts picked for each row.
    package let topK: Int
    /// Expert indices, `(rows, topK)` in row-major order, best first.
    package let experts: [Int]
    /// Gate weights as the combine uses them, `(rows, topK)`.
    package let weights: [Float]

    /// Takes decisions of `(rows, topK)`.
    package init(topK: Int, experts: [Int], weights: [Float]) {
        precondition(topK > 0 && experts.count == weights.count && experts.count % topK == 0)
        self.topK = topK
        self.experts = experts
        self.weights = weights
    }

    /// Number of rows decided on.
    package var rows: Int { experts.count / topK }

    /// For each expert that anybody wants, its assignments `row * topK + rank` in ascending order.
    ///
    /// Rows in `skipped` ask for nothing.
    package func assignments(skipping skipped: Set<Int> = []) -> [(expert: Int, assignments: [Int])] {
        var byExpert: [Int: [Int]] = [:]
        for (assignment, expert) in experts.enumerated() where !skipped.contains(assignment / topK) {
            byExpert[expert, default: []].append(assignment)
        }
        return byExpert.sorted { $0.key < $1.key }.map { (expert: $0.key, assignments: $0.value) }
    }
}
