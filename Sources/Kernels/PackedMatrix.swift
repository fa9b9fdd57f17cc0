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
    private let start: UnsafeMutableRawPointer
    private let panelBytes: Int
    private let scales: UnsafeMutablePointer<Float>
    private let shifts: UnsafeMutablePointer<Int32>

    /// Number of panels.
    var panels: Int { Self.panels(outputs) }

    /// Rounds and packs a weight `(outputs, inputs)` and a bias `(1, outputs)`, if it has one.
    convenience init(_ weight: WeightMatrix, bias: WeightMatrix?, dtype: ComputeDType) {
        self.init(inputs: weight.columns, outputs: weight.rows, bias: bias, dtype: dtype)
        let (width, inputs) = (Int(MEDMOE_PANEL_OUTPUTS), inputs)
        let wide = Tensor(uninitialized: TensorShape(width, inputs))
        var bytes = [Int8](repeating: 0, count: dtype == .int8 ? width * inputs : 0)
        for panel in 0..<panels {
            let first = panel * width
            let count = min(width, outputs - first)
            let stored = unsafe weight.base + first * inputs * weight.kind.byteCount
            unsafe medmoe_widen(stored, weight.kind.c, count * inputs, wide.base)
            if dtype.isBrainFloats {
                unsafe medmoe_pack_panel_bf16(wide.base, count, inputs, target(panel))
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
                    unsafe medmoe_pack_panel_int8(start, count, inputs, target(panel), shifts + first)
                }
            }
        }
    }

    /// Packs a weight that was rounded to bytes before, and a bias `(1, outputs)`, if it has one.
    convenience init(_ weight: ByteMatrix, bias: WeightMatrix?) {
        self.init(inputs: weight.columns, outputs: weight.rows, bias: bias, dtype: .int8)
        let width = Int(MEDMOE_PANEL_OUTPUTS)
        for (output, scale) in weight.scales.enumerated() { unsafe scales[output] = scale }
        for panel in 0..<panels {
            let first = panel * width
            let stored = unsafe weight.base + first * inputs
            unsafe medmoe_pack_panel_int8(stored, min(width, outputs - first), inputs, target(panel), shifts + first)
        }
    }

    /// Takes the memory and writes the bias; panels, scales and shifts are still to be written.
    private init(inputs: Int, outputs: Int, bias: WeightMatrix?, dtype: ComputeDType) {
        guard let kind = dtype.packed else { preconditionFailure("\(dtype) is not packed") }
        self.dtype = dtype
        self.inputs = inputs
        self.outputs = outputs
        panelBytes = medmoe_panel_bytes(kind, inputs)
        let (panels, width) = (Self.panels(outputs), Int(MEDMOE_PANEL_OUTPUTS))
        let padded = panels * width * MemoryLayout<Float>.stride
        // Panels, then an entry of each array for every output of whole panels.
        byteCount = max(1, panels * panelBytes + 3 * padded)
        let part = WeightMemory.take(byteCount)
        memory = part.owner
        unsafe start = part.start
        let end = unsafe part.start + panels * panelBytes
        unsafe scales = end.bindMemory(to: Float.self, capacity: panels * width)
        unsafe shifts = (end + padded).bindMemory(to: Int32.self, capacity: panels * width)
        let biases = unsafe (end + 2 * padded).bindMemory(to: Float.self, capacity: panels * width)
        unsafe c = medmoe_packed_matrix(
            kind: kind,
            inputs: inputs,
            outputs: outputs,
            panels: UnsafeRawPointer(part.start),
            scales: UnsafePointer(scales),
            shifts: UnsafePointer(shifts),
            bias: bias == nil ? nil : UnsafePointer(biases),
        )
        guard let bias else { return }
        let numbers = unsafe bias.base.assumingMemoryBound(to: Float.self)
        unsafe biases.update(from: numbers, count: outputs)
    }

    /// Where a panel goes.
    private func target(_ panel: Int) -> UnsafeMutableRawPointer { unsafe start + panel * panelBytes }

    private static func panels(_ outputs: Int) -> Int {
        let width = Int(MEDMOE_PANEL_OUTPUTS)
        return (outputs + width - 1) / width
    }
}

/// Nobody writes to the memory after it is packed.
extension PackedMatrix: @unchecked Sendable {}
