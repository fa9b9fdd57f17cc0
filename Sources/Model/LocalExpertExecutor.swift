package import Kernels
package import Shared

/// The seam in one process: the experts are here, rows are gathered, computed and put back.
package final class LocalExpertExecutor: ExpertExecutor {
    private let experts: ExpertBank
    private let pool: ThreadPool
    private let node: NodeID

    /// Takes the experts, the threads to compute on, and the name under which answers say where they were made.
    package init(experts: ExpertBank, pool: ThreadPool, node: NodeID) {
        self.experts = experts
        self.pool = pool
        self.node = node
    }

    /// Runs the rows of all experts side by side; an expert that was not loaded is reported as unavailable.
    package func begin(_ call: borrowing ExpertCall) -> any PendingExperts {
        let topK = call.routing.topK
        var work: [(expert: ExpertID, rows: [Int])] = []
        var targets: [[Int]] = []
        var failures: [ExpertID: ExpertFailure] = [:]
        for (expert, assignments) in call.routing.assignments(skipping: call.skippedRows) {
            let id = ExpertID(layer: call.layer, slot: .routed(expert))
            if experts.holds(id) {
                work.append((id, assignments.map { $0 / topK }))
                targets.append(assignments)
            } else {
                failures[id] = Self.missing(id)
            }
        }
        let live = call.liveRows
        if call.wantsMeta, !live.isEmpty {
            let id = ExpertID(layer: call.layer, slot: .meta)
            if experts.holds(id) {
                work.append((id, live))
                targets.append(live)
            } else {
                failures[id] = Self.missing(id)
            }
        }
        let results = experts.compute(work, of: call.input, on: pool)
        var routed = Tensor(zeros: TensorShape(call.input.rows * topK, call.input.columns))
        var meta = Tensor(zeros: TensorShape(0, call.input.columns))
        var sources: [ExpertID: ExpertSource] = [:]
        for ((id, targets), result) in zip(zip(work.map(\.expert), targets), results) {
            if id.slot == .meta, targets.count == call.input.rows {
                // It saw every row in order.
                meta = result.take()
            } else if id.slot == .meta {
                if meta.rows == 0 { meta = Tensor(zeros: call.input.shape) }
                meta.scatter(targets, from: result.output)
            } else {
                routed.scatter(targets, from: result.output)
            }
            sources[id] = source(of: id)
        }
        if call.wantsMeta, meta.rows == 0 { meta = Tensor(zeros: call.input.shape) }
        return ReadyExperts(ExpertOutputs(routed: routed, meta: meta, sources: sources, failures: failures))
    }

    /// Whether an expert is loaded.
    package func holds(_ id: ExpertID) -> Bool { experts.holds(id) }

    private func source(of id: ExpertID) -> ExpertSource? {
        experts.hash(of: id).map { ExpertSource(node: node, weightsHash: $0) }
    }

    private static func missing(_ id: ExpertID) -> ExpertFailure {
        ExpertFailure(expert: id, code: .unavailable, message: "Expert \(id) is not loaded in this process.")
    }
}
