internal import Benchmarking
internal import Kernels

/// Attention, and what is computed of each row by itself.
extension KernelBenchmark {
    private static let positions = 640
    private static let heads = 32
    private static let headSize = 64

    /// A causal prompt of 640 rows, and one row after 640 positions, each over floats and over brain floats.
    func attention(_ set: InstructionSet, on pool: ThreadPool, progress: (String) -> Void) -> [WorkFigure] {
        AttentionBlock.Kind.allCases.flatMap { kind in
            progress("attention, \(kind.rawValue), \(set.rawValue)")
            return attention(over: kind, set, on: pool)
        }
    }

    private func attention(
        over kind: AttentionBlock.Kind,
        _ set: InstructionSet,
        on pool: ThreadPool,
    ) -> [WorkFigure] {
        let (positions, heads, width) = (Self.positions, Self.heads, Self.heads * Self.headSize)
        let shape = TensorShape(positions, width)
        let keys = Tensor(shape, Self.values(shape.count, seed: 3))
        let values = Tensor(shape, Self.values(shape.count, seed: 4))
        let bytes = 2 * shape.count * kind.byteCount
        let caches = (0..<(Self.rotatedBytes + bytes - 1) / bytes).map { _ in
            let blocks = (0..<AttentionBlock.count(for: positions)).map { _ in
                AttentionBlock(keyValueHeadCount: heads, headSize: Self.headSize, kind: kind)
            }
            AttentionKernel.store(keys: keys, values: values, rows: 0..<positions, into: blocks, at: 0, on: pool)
            return blocks
        }
        func measure(_ name: String, rows: Int, firstVisible: Int, bytes: Int?) -> WorkFigure {
            let shape = TensorShape(rows, width)
            let queries = Tensor(shape, Self.values(shape.count, seed: 5))
            var output = Tensor(zeros: shape)
            let seconds = stopwatch.median { call in
                AttentionKernel.attend(
                    queries: queries,
                    over: caches[call % caches.count],
                    segment: .init(firstRow: 0, rowCount: rows, firstVisible: firstVisible, visibleStep: 1),
                    headCount: heads,
                    keyValueHeadCount: heads,
                    scale: 0.125,
                    instructions: set,
                    into: &output,
                    on: pool,
                )
            }
            let visible = rows * firstVisible + rows * (rows - 1) / 2
            return WorkFigure(
                kind: .attention(kind == .f32 ? name : "\(name).\(kind.rawValue)"),
                dtype: kind.rawValue,
                instructions: set.rawValue,
                seconds: seconds,
                // A product with each visible key, and one with each visible value.
                operations: 4 * Double(visible) * Double(width),
                bytes: bytes.map(Double.init),
            )
        }
        return [
            measure("prefill", rows: positions, firstVisible: 1, bytes: nil),
            measure("decode", rows: 1, firstVisible: positions, bytes: bytes),
        ]
    }

    /// Layer norm and the middle of a SwiGLU block over 64 rows of 2048: what a core's own cache holds.
    func rowFunctions(on pool: ThreadPool) -> [RowFigure] {
        let shape = TensorShape(64, 2048)
        let input = Tensor(shape, Self.values(shape.count, seed: 6))
        let up = Tensor(shape, Self.values(shape.count, seed: 7))
        let norm = LayerNorm(
            weight: Tensor(TensorShape(shape.columns), Self.values(shape.columns, seed: 8)),
            bias: Tensor(TensorShape(shape.columns), Self.values(shape.columns, seed: 9)),
            epsilon: 1e-5,
        )
        let normSeconds = stopwatch.median { _ in _ = norm(input, on: pool) }
        let siluSeconds = stopwatch.median { _ in _ = Activation.swiglu(gate: input, up: up, on: pool) }
        return [
            RowFigure(name: "layer_norm", secondsPerElement: normSeconds / Double(shape.count)),
            RowFigure(name: "silu", secondsPerElement: siluSeconds / Double(shape.count)),
        ]
    }
}
