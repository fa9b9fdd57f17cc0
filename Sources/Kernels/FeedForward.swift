internal import CKernels

/// One feed-forward block's layers.
package enum FeedForwardLayers: Sendable {
    /// `down(silu(gate x) * up x)`: gate and up `(intermediate, hidden)`, down `(hidden, intermediate)`.
    case swiglu(gate: Linear, up: Linear, down: Linear)
    /// `contract(gelu_new(expand x))`: expand `(intermediate, hidden)`, contract `(hidden, intermediate)`.
    case gelu(expand: Linear, contract: Linear)
}

/// Rows that went through one feed-forward block; several of them run side by side.
package final class FeedForwardCall {
    private let layers: FeedForwardLayers
    private let input: LinearInput
    private let first: Linear
    private let last: Linear
    private let middle: Tensor
    /// `up x` of a SwiGLU block in float32, whose product is a step of its own.
    private let up: Tensor
    private var rounded: LinearInput?
    /// The block's output, `(rows, hidden)`.
    package private(set) var output: Tensor

    /// Prepares the rows of `source`, or those that `indices` names; `source` has to live until the call ran.
    private init(_ layers: FeedForwardLayers, rows source: borrowing Tensor, indices: [Int]?, output: consuming Tensor?)
    {
        self.layers = layers
        switch layers {
        case .swiglu(let gate, _, let down): (first, last) = (gate, down)
        case .gelu(let expand, let contract): (first, last) = (expand, contract)
        }
        input = LinearInput(source, indices: indices, dtype: first.dtype, instructions: .best)
        middle = Tensor(uninitialized: TensorShape(input.rows, first.outputs))
        let shape = TensorShape(input.rows, last.outputs)
        switch consume output {
        case .some(let given):
            precondition(given.shape == shape, "\(given.shape) for \(shape)")
            self.output = given
        case .none:
            self.output = Tensor(uninitialized: shape)
        }
        var needsUp = false
        if case .swiglu(let gate, _, _) = layers { needsUp = gate.dtype == .f32 }
        up = Tensor(uninitialized: TensorShape(needsUp ? input.rows : 0, first.outputs))
    }

    /// Rows in all.
    package var rows: Int { input.rows }

    /// Hands the output on; there is none afterwards.
    package func take() -> Tensor {
        var taken = Tensor(uninitialized: TensorShape(0, last.outputs))
        swap(&taken, &output)
        return taken
    }

    /// Sends rows of `source` through blocks, each the rows that its indices name or all: step by step together, and
    /// still with the bits of each row alone.
    package static func run(
        _ requests: [(layers: FeedForwardLayers, indices: [Int]?)],
        rows source: borrowing Tensor,
        on pool: ThreadPool,
    ) -> [FeedForwardCall] {
        let all = requests.map { FeedForwardCall($0.layers, rows: source, indices: $0.indices, output: nil) }
        compute(all.filter { $0.rows > 0 }, on: pool)
        return all
    }

    /// Sends all rows of `source` through one block, into `output` `(rows, hidden)`.
    package static func run(
        _ layers: FeedForwardLayers,
        rows source: borrowing Tensor,
        into output: consuming Tensor,
        on pool: ThreadPool,
    ) {
        let call = FeedForwardCall(layers, rows: source, indices: nil, output: output)
        if call.rows > 0 { compute([call], on: pool) }
    }

    private static func compute(_ calls: [FeedForwardCall], on pool: ThreadPool) {
        guard !calls.isEmpty else { return }
        pool.run(calls.map(\.input.packing))
        pool.run(calls.flatMap(\.expanding))
        let activating = calls.map(\.activating)
        if activating.contains(where: { $0.taskCount > 0 }) { pool.run(activating) }
        pool.run(calls.map { $0.packMiddle() })
        pool.run(calls.map(\.contracting))
    }

    private var expanding: [PoolJob] {
        switch layers {
        case .gelu(let expand, _):
            guard case .packed(let matrix) = expand.weights else {
                return unsafe [expand.job(input, into: middle.base)]
            }
            let (rows, width) = (input.rows, expand.outputs)
            let packed = unsafe input.packedRows
            let set = input.instructions.c
            return [
                Linear.panelJob(matrix.panels) { [self] first, end in
                    let target = unsafe middle.base + first * Linear.width
                    unsafe matrix.run(packed, panels: first..<end, into: target, stride: width, set: set)
                    let count = min(width, end * Linear.width) - first * Linear.width
                    for row in 0..<rows { unsafe medmoe_gelu_tanh_f32(target + row * width, count) }
                }
            ]
        case .swiglu(let gate, let up, _):
            guard case .packed(let gates) = gate.weights, case .packed(let ups) = up.weights else {
                return unsafe [gate.job(input, into: middle.base), up.job(input, into: self.up.base)]
            }
            let (rows, width) = (input.rows, gate.outputs)
            let packed = unsafe input.packedRows
            let set = input.instructions.c
            return [
                Linear.panelJob(gates.panels) { [self] first, end in
                    // Tiles read all rows again for each call, so they take some panels at a time, whose results still
                    // stay in the cache.
                    let isTiled = set == InstructionSet.amx.c && rows >= Self.manyRows
                    let most = min(end - first, isTiled ? Self.panelsTogether : 1)
                    let stride = most * Linear.width
                    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * stride) { scratch in
                        guard let beside = scratch.baseAddress else { return }
                        for start in Swift.stride(from: first, to: end, by: most) {
                            let panels = start..<min(end, start + most)
                            let target = unsafe middle.base + start * Linear.width
                            unsafe gates.run(packed, panels: panels, into: target, stride: width, set: set)
                            unsafe ups.run(packed, panels: panels, into: beside, stride: stride, set: set)
                            let count = min(panels.count * Linear.width, width - start * Linear.width)
                            for row in 0..<rows {
                                let gate = unsafe target + row * width
                                unsafe medmoe_silu_multiply_f32(gate, beside + row * stride, gate, count)
                            }
                        }
                    }
                }
            ]
        }
    }

    /// Rows from which on several panels of gate and up are computed at a time, and how many.
    private static let (manyRows, panelsTogether) = (32, 4)

    /// The activation where it was not part of the first step.
    private var activating: PoolJob {
        guard case .stored = first.weights else { return .nothing }
        let (y, columns) = unsafe (middle.base, middle.columns)
        switch layers {
        case .gelu:
            return RowTasks.job(rows) { row in unsafe medmoe_gelu_tanh_f32(y + row * columns, columns) }
        case .swiglu:
            let beside = unsafe up.base
            return RowTasks.job(rows) { row in
                let start = row * columns
                unsafe medmoe_silu_multiply_f32(y + start, beside + start, y + start, columns)
            }
        }
    }

    private func packMiddle() -> PoolJob {
        let rounded = LinearInput(middle, dtype: last.dtype, instructions: .best)
        self.rounded = rounded
        return rounded.packing
    }

    private var contracting: PoolJob {
        guard let rounded else { preconditionFailure("the middle is packed first") }
        return unsafe last.job(rounded, into: output.base)
    }
}
