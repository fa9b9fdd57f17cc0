internal import Kernels
package import Model
package import Shared
package import Transport

/// The outputs of one layer as they come in from the nodes.
package final class LayerAnswers {
    /// `(rows * topK, hiddenSize)` and `(rows or 0, hiddenSize)`; without rows until somebody answers.
    private var routed: Tensor
    private var meta: Tensor
    private let routedShape: TensorShape
    private let metaShape: TensorShape
    private let dtype: WireDType
    private var sources: [ExpertID: ExpertSource] = [:]
    private var failures: [ExpertID: ExpertFailure] = [:]
    /// How often the expert that was asked most often was asked.
    var attempts = 1

    /// Starts without an answer; rows are asked for in `dtype`.
    package init(_ call: borrowing ExpertCall, dtype: WireDType = .float32) {
        self.dtype = dtype
        let (rows, columns) = (call.input.rows, call.input.columns)
        routedShape = TensorShape(rows * call.routing.topK, columns)
        metaShape = TensorShape(call.wantsMeta ? rows : 0, columns)
        routed = Tensor(uninitialized: TensorShape(0, columns))
        meta = Tensor(uninitialized: TensorShape(0, columns))
    }

    /// Notes that an expert's rows do not come; the reason, with or without a full stop, ends a sentence.
    package func fail(_ expert: ExpertID, _ code: ExpertFailure.Code, _ reason: String) {
        let message = "Expert \(expert) is not available: \(reason)\(reason.hasSuffix(".") ? "" : ".")"
        failures[expert] = ExpertFailure(expert: expert, code: code, message: message)
    }

    /// Puts a node's rows where they belong; false, and nothing changed, unless they are exactly what was asked for.
    ///
    /// Rows of experts that are not `wanted`, because another replica was faster, are passed over.
    package func accept(
        _ result: ResultMessage,
        frame: Frame,
        dispatch: DispatchPlan.NodeDispatch,
        wanted: (ExpertID) -> Bool = { _ in true },
    ) -> Bool {
        let asked = dispatch.groups.map {
            RowGroup(expert: $0.expert, rows: $0.targets.count, weightsHash: $0.weightsHash)
        }
        guard result.groups == asked, result.hiddenSize == routedShape.columns, result.dtype == dtype else {
            return false
        }
        var offset = 0
        for group in dispatch.groups {
            defer { offset += group.targets.count * result.hiddenSize }
            guard wanted(group.expert) else { continue }
            if group.expert.slot == .meta {
                Self.put(group.targets, from: frame, dtype, at: offset, into: &meta, shape: metaShape)
            } else {
                Self.put(group.targets, from: frame, dtype, at: offset, into: &routed, shape: routedShape)
            }
            sources[group.expert] = ExpertSource(node: dispatch.node, weightsHash: group.weightsHash)
        }
        return true
    }

    /// Puts rows that were computed in this process where they belong.
    func accept(_ group: DispatchPlan.Group, computed: FeedForwardCall, node: NodeID) {
        let isMeta = group.expert.slot == .meta
        if isMeta, group.targets.count == metaShape.rows {
            meta = computed.take()
        } else if isMeta {
            if meta.rows == 0 { meta = Tensor(zeros: metaShape) }
            meta.scatter(group.targets, from: computed.output)
        } else {
            if routed.rows == 0 { routed = Tensor(zeros: routedShape) }
            routed.scatter(group.targets, from: computed.output)
        }
        sources[group.expert] = ExpertSource(node: node, weightsHash: group.weightsHash)
    }

    /// Rows of floats that fill a tensor alone stay in the frame that they came in; others are copied to their places.
    private static func put(
        _ targets: [Int],
        from frame: Frame,
        _ dtype: WireDType,
        at offset: Int,
        into tensor: inout Tensor,
        shape: TensorShape,
    ) {
        // Targets ascend, so as many as there are rows are all of them.
        let areAll = targets.count == shape.rows
        if areAll, dtype == .float32 {
            tensor = Tensor(viewing: frame, offset: offset, shape: shape)
        } else {
            if tensor.rows == 0 { tensor = areAll ? Tensor(uninitialized: shape) : Tensor(zeros: shape) }
            tensor.scatter(targets, as: dtype.kind, from: frame.bytes, at: offset)
        }
    }

    /// Hands the outputs on, zeros where nobody answered; the answers are empty afterwards.
    package func take() -> ExpertOutputs {
        if routed.rows == 0 { routed = Tensor(zeros: routedShape) }
        if meta.rows == 0 { meta = Tensor(zeros: metaShape) }
        var outputs = ExpertOutputs(
            routed: Tensor(zeros: TensorShape(0, routed.columns)),
            meta: Tensor(zeros: TensorShape(0, meta.columns)),
            sources: sources,
            failures: failures,
            attempts: attempts,
        )
        swap(&outputs.routed, &routed)
        swap(&outputs.meta, &meta)
        return outputs
    }
}
