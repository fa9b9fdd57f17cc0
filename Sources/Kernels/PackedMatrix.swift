internal import CKernels

/// The weights of a linear layer, rounded and laid out for the kernels: panels of 32 outputs.
///
/// What it was made from may go.
@safe
final class PackedMatrix {
    let inputs: Int
    let outputs: Int
    let dtype: ComputeDType
    /// Bytes of the memory.
    let byteCount: Int
    let c: medmoe_packed_matrix
    private let memory: WeightMemory

    /// Number of panels.
    var panels: Int { Self.panels(outputs) }

    /// Packs a weight `(outputs, inputs)` and a bias `(1, outputs)`, if it has one.
    init(_ weight: WeightMatrix, bias: WeightMatrix?, dtype: ComputeDType) {
        guard let kind = dtype.packed else { preconditionFailure("\(dtype) is not packed") }
        self.dtype = dtype
        inputs = weight.columns
        outputs = weight.rows
        let panelBytes = medmoe_panel_bytes(kind, inputs)
        let (panels, width) = (Self.panels(weight.rows), Int(MEDMOE_PANEL_OUTPUTS))
        let padded = panels * width * MemoryLayout<Float>.stride
        // Panels, then an entry of each array for every output of whole panels.
        byteCount = max(1, panels * panelBytes + 3 * padded)
        let part = WeightMemory.take(byteCount)
        memory = part.owner
        let mapped = unsafe part.start
        let end = unsafe mapped + panels * panelBytes
        let scales = unsafe end.bindMemory(to: Float.self, capacity: panels * width)
        let shifts = unsafe (end + padded).bindMemory(to: Int32.self, capacity: panels * width)
        let biases = unsafe (end + 2 * padded).bindMemory(to: Float.self, capacity: panels * width)
        unsafe c = medmoe_packed_matrix(
            kind: kind,
            inputs: inputs,
            outputs: outputs,
            panels: UnsafeRawPointer(mapped),
            scales: UnsafePointer(scales),
            shifts: UnsafePointer(shifts),
            bias: bias == nil ? nil : UnsafePointer(biases),
        )
        if let bias {
            let numbers = unsafe bias.base.assumingMemoryBound(to: Float.self)
            unsafe biases.update(from: numbers, count: outputs)
        }
        let wide = Tensor(uninitialized: TensorShape(width, inputs))
        var bytes = [Int8](repeating: 0, count: dtype == .int8 ? width * inputs : 0)
        for panel in 0..<panels {
            let first = panel * width
            let count = min(width, outputs - first)
            let stored = unsafe weight.base + first * inputs * weight.kind.byteCount
            unsafe medmoe_widen(stored, weight.kind.c, count * inputs, wide.base)
            let target = unsafe mapped + panel * panelBytes
            if dtype == .bf16 {
                unsafe medmoe_pack_panel_bf16(wide.base, count, inputs, target)
            } else {
                unsafe bytes.withUnsafeMutableBufferPointer { bytes in
                    guard let start = bytes.baseAddress else { return }
                    for output in 0..<count {
                        unsafe scales[first + output] = medmoe_quantize_row(
                            wide.base + output * inputs,
                            inputs,
                            start + output * inputs
                        )
                    }
                    unsafe medmoe_pack_panel_int8(start, count, inputs, target, shifts + first)
                }
            }
        }
    }

    private static func panels(_ outputs: Int) -> Int {
        let width = Int(MEDMOE_PANEL_OUTPUTS)
        return (outputs + width - 1) / width
    }
}

/// Nobody writes to the memory after it is packed.
extension PackedMatrix: @unchecked Sendable {}
