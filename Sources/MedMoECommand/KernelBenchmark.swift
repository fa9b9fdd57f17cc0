internal import Benchmarking
internal import Kernels
internal import Shared

/// Peaks of the machine, then linear layers; attention and functions of rows stand in a file of their own.
struct KernelBenchmark: Sendable {
    let threads: Int
    let window: Duration
    let sets: [InstructionSet]
    let dtypes: [ComputeDType]
    let command: String

    /// Weights, or keys and values, that are taken in turn: more than any cache holds.
    static let rotatedBytes = 256 << 20
    private static let rows = [1, 2, 4, 8, 16, 64, 512]
    /// Gate and down of an expert of StableLM-2-1.6B's size, and gate of one of SmolLM2-135M's.
    private static let shapes: [(inputs: Int, outputs: Int)] = [(2048, 5632), (5632, 2048), (576, 1536)]

    var stopwatch: Stopwatch { Stopwatch(window: window) }

    /// Measures on the calling thread and those of a pool.
    func run(progress: (String) -> Void) -> KernelReport {
        let (one, all) = (ThreadPool(threads: 1), ThreadPool(threads: threads))
        progress("memory")
        var report = KernelReport(
            command: command,
            machine: .current,
            threads: threads,
            instructions: InstructionSet.best.rawValue,
            read: ReadFigure(
                oneThread: MachinePeak.bytesPerSecond(on: one),
                allThreads: MachinePeak.bytesPerSecond(on: all),
            ),
        )
        for set in sets {
            for dtype in dtypes {
                progress("peak of \(dtype.rawValue), \(set.rawValue)")
                guard let single = MachinePeak.operationsPerSecond(dtype, instructions: set, on: one),
                    let together = MachinePeak.operationsPerSecond(dtype, instructions: set, on: all)
                else { continue }
                let (dtype, set) = (Self.name(dtype), set.rawValue)
                report.peaks.append(
                    PeakFigure(dtype: dtype, instructions: set, oneThread: single, allThreads: together)
                )
            }
        }
        for shape in Self.shapes {
            let values = Self.values(shape.inputs * shape.outputs, seed: 1)
            for dtype in dtypes {
                progress("weights \(shape.inputs)x\(shape.outputs) \(dtype.rawValue)")
                let layers = Self.layers(values, inputs: shape.inputs, outputs: shape.outputs, dtype: dtype)
                for set in sets {
                    for rows in Self.rows {
                        let figure = linear(layers, rows: rows, set, on: all)
                        progress(figure.name)
                        report.work.append(figure)
                    }
                }
            }
        }
        for set in sets { report.work += attention(set, on: all, progress: progress) }
        report.rows = rowFunctions(on: one)
        return report
    }

    private func linear(_ layers: [Linear], rows: Int, _ set: InstructionSet, on pool: ThreadPool) -> WorkFigure {
        let layer = layers[0]
        let input = Tensor(TensorShape(rows, layer.inputs), Self.values(rows * layer.inputs, seed: 2))
        let seconds = stopwatch.median { call in
            _ = layers[call % layers.count](input, instructions: set, on: pool)
        }
        return WorkFigure(
            kind: .linear(inputs: layer.inputs, outputs: layer.outputs, rows: rows),
            dtype: Self.name(layer.dtype),
            instructions: set.rawValue,
            seconds: seconds,
            operations: 2 * Double(rows) * Double(layer.inputs) * Double(layer.outputs),
            bytes: rows == 1 ? Double(layer.byteCount) : nil,
        )
    }

    /// As many copies of a layer as it takes for none to be in a cache when its turn comes.
    private static func layers(_ values: [Float], inputs: Int, outputs: Int, dtype: ComputeDType) -> [Linear] {
        let shape = TensorShape(outputs, inputs)
        func make() -> Linear { Linear(weight: Tensor(shape, values), bias: nil, dtype: dtype) }
        let first = make()
        let count = (rotatedBytes + first.byteCount - 1) / first.byteCount
        // Packed weights do not need what they were made of; float32 ones are what they were made of.
        guard dtype != .f32 else { return [first] + (1..<count).map { _ in make() } }
        let weight = WeightMatrix(Tensor(shape, values))
        return [first] + (1..<count).map { _ in Linear(weight: weight, bias: nil, dtype: dtype) }
    }

    /// What figures and thresholds call a dtype: brain floats in this machine's own order are `bf16` on every machine.
    private static func name(_ dtype: ComputeDType) -> String { dtype == .bf16 ? "bf16" : dtype.rawValue }

    /// Numbers between -0.5 and 0.5.
    static func values(_ count: Int, seed: UInt64) -> [Float] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in Float(generator.nextUnit() - 0.5) }
    }
}
