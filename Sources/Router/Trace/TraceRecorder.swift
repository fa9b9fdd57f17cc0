internal import Kernels
internal import Model
internal import Shared

/// Keeps every inner value of one pass, under the names of the trace file.
final class TraceRecorder: ForwardObserver {
    private(set) var tensors: [TraceTensor] = []

    func hiddenStates(_ index: Int, _ values: borrowing Tensor) {
        add("hidden_states.\(index)", values)
    }

    func routed(layer: Int, logits: borrowing Tensor, decision: RoutingDecision) {
        add("gate_logits.\(layer)", logits)
        let shape = decision.topK == 1 ? [decision.rows] : [decision.rows, decision.topK]
        tensors.append(TraceTensor("expert_index.\(layer)", shape: shape, integers: decision.experts))
        tensors.append(TraceTensor("gate_weight.\(layer)", shape: shape, floats: decision.weights))
    }

    func combined(layer: Int, routed: borrowing Tensor, meta: borrowing Tensor, outcome: ExpertOutcome) {
        add("routed_output.\(layer)", routed)
        if meta.rows > 0 { add("meta_output.\(layer)", meta) }
    }

    func add(_ name: String, _ values: borrowing Tensor) {
        tensors.append(TraceTensor(name, shape: values.shape.extents, floats: values.array))
    }

    func add(_ tensor: TraceTensor) {
        tensors.append(tensor)
    }
}

/// One named tensor of a trace.
package struct TraceTensor: Sendable {
    /// The numbers of a tensor.
    package enum Values: Sendable {
        /// Float32.
        case floats([Float])
        /// Int64.
        case integers([Int])
    }

    /// Its name in the file.
    package let name: String
    /// Its extents.
    package let shape: [Int]
    /// Its numbers, row-major.
    package let values: Values

    init(_ name: String, shape: [Int], floats: [Float]) {
        self.name = name
        self.shape = shape
        values = .floats(floats)
    }

    init(_ name: String, shape: [Int], integers: [Int]) {
        self.name = name
        self.shape = shape
        values = .integers(integers)
    }
}
