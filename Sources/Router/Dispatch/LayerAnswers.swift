internal import Kernels
package import Model
package import Shared
package import Transport

/// The outputs of one layer as they come in from the nodes.
package final class LayerAnswers {
    private var routed: Tensor
    private var meta: Tensor
    private var sources: [ExpertID: ExpertSource] = [:]
    private var failures: [ExpertID: ExpertFailure] = [:]
    /// When each dispatch left.
    var sentAt: [UInt64: ContinuousClock.Instant] = [:]

    /// Starts with zeros for every row of the call.
    package init(_ call: borrowing ExpertCall) {
        let (rows, columns) = (call.input.rows, call.input.columns)
        routed = Tensor(zeros: TensorShape(rows * call.routing.topK, columns))
        meta = Tensor(zeros: TensorShape(call.wantsMeta ? rows : 0, columns))
    }

    /// Notes that an expert's rows do not come; the reason, with or without a full stop, ends a sentence.
    package func fail(_ expert: ExpertID, _ code: ExpertFailure.Code, _ reason: String) {
        let message = "Expert \(expert) is not available: \(reason)\(reason.hasSuffix(".") ? "" : ".")"
        failures[expert] = ExpertFailure(expert: expert, code: code, message: message)
    }

    /// Puts a node's rows where they belong; false, and nothing changed, unless they are exactly what was asked for.
    package func accept(_ result: ResultMessage, frame: Frame, dispatch: DispatchPlan.NodeDispatch) -> Bool {
        let asked = dispatch.groups.map {
            RowGroup(expert: $0.expert, rows: $0.targets.count, weightsHash: $0.weightsHash)
        }
        guard result.groups == asked, result.hiddenSize == routed.columns, result.dtype == .float32 else {
            return false
        }
        var offset = 0
        for group in dispatch.groups {
            if group.expert.slot == .meta {
                meta.scatter(group.targets, from: frame.floats, at: offset)
            } else {
                routed.scatter(group.targets, from: frame.floats, at: offset)
            }
            offset += group.targets.count * result.hiddenSize
            sources[group.expert] = ExpertSource(node: dispatch.node, weightsHash: group.weightsHash)
        }
        return true
    }

    /// Hands the outputs on; the answers are empty afterwards.
    package func take() -> ExpertOutputs {
        var outputs = ExpertOutputs(
            routed: Tensor(zeros: TensorShape(0, routed.columns)),
            meta: Tensor(zeros: TensorShape(0, meta.columns)),
            sources: sources,
            failures: failures,
        )
        swap(&outputs.routed, &routed)
        swap(&outputs.meta, &meta)
        return outputs
    }
}
