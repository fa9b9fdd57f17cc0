import Kernels
import TestKit
import Testing

@Suite struct RowKernelTests {
    let pool = ThreadPool(threads: 2)

    @Test("Layer normalisation agrees with the plain loops", arguments: [1, 3, 64, 192, 2048], [0, 1, 5, 40])
    func layerNorm(columns: Int, rows: Int) {
        var random = SeededGenerator(seed: UInt64(columns))
        let x = random.floats(rows * columns).map { $0 * 30 + 5 }
        let (weight, bias) = (random.floats(columns), random.floats(columns))
        let norm = LayerNorm(
            weight: Tensor(TensorShape(columns), weight),
            bias: Tensor(TensorShape(columns), bias),
            epsilon: 1e-5
        )
        let y = norm(Tensor(TensorShape(rows, columns), x), on: pool).array
        let expected = (0..<rows).flatMap {
            ReferenceKernels.layerNorm(
                Array(x[$0 * columns..<($0 + 1) * columns]),
                weight: weight,
                bias: bias,
                epsilon: 1e-5
            )
        }
        #expect(largestDifference(y, expected) < 1e-5)
    }

    @Test(
        "Softmax agrees with the plain loops, on hard rows too",
        arguments: [
            [0], [1, 1, 1, 1], [-1000, 0, 1000], [88, -88], [-0.0, 0.0], [3e38, -3e38], [5, 4, 3, 2, 1, 0, -1, -2, -3],
        ] as [[Float]]
    )
    func softmax(row: [Float]) {
        var tensor = Tensor(TensorShape(1, row.count), row)
        Softmax.rows(&tensor)
        #expect(largestDifference(tensor.array, ReferenceKernels.softmax(row)) < 1e-6)
    }

    @Test("SwiGLU, quick_gelu and both forms of GELU agree with their formulas from far left to far right")
    func activations() {
        let x = stride(from: Float(-90), through: 90, by: 0.37).map { $0 }
        let ones = [Float](repeating: 1, count: x.count)
        let shape = TensorShape(1, x.count)
        let silu = Activation.swiglu(gate: Tensor(shape, x), up: Tensor(shape, ones), on: pool).array
        var quick = Tensor(shape, x)
        Activation.quickGELU(&quick, on: pool)
        var gelu = Tensor(shape, x)
        Activation.gelu(&gelu, on: pool)
        var tanh = Tensor(shape, x)
        Activation.geluTanh(&tanh, on: pool)
        let (quickValues, geluValues, tanhValues) = (quick.array, gelu.array, tanh.array)
        for index in x.indices {
            let scale = max(1, abs(x[index])) * 1e-6
            #expect(abs(silu[index] - ReferenceKernels.sigmoidGated(x[index], 1)) < scale)
            #expect(abs(quickValues[index] - ReferenceKernels.sigmoidGated(x[index], 1.702)) < scale)
            #expect(abs(geluValues[index] - ReferenceKernels.gelu(x[index])) < scale)
            #expect(abs(tanhValues[index] - ReferenceKernels.geluTanh(x[index])) < scale)
        }
    }

    @Test("An activation's bits do not depend on a number's place in its row")
    func activationsAreIndependent() {
        var random = SeededGenerator(seed: 17)
        let x = random.floats(50).map { $0 * 20 }
        func activate(_ numbers: [Float]) -> [[Float]] {
            let shape = TensorShape(1, numbers.count)
            var quick = Tensor(shape, numbers)
            Activation.quickGELU(&quick, on: pool)
            var tanh = Tensor(shape, numbers)
            Activation.geluTanh(&tanh, on: pool)
            let silu = Activation.swiglu(gate: Tensor(shape, numbers), up: Tensor(shape, numbers), on: pool)
            return [quick.array, tanh.array, silu.array]
        }
        let whole = activate(x)
        for start in x.indices {
            for (part, all) in zip(activate(Array(x[start...])), whole) {
                let equal = haveEqualBits(part, Array(all[start...]))
                #expect(equal, "from \(start) on")
            }
        }
    }

    @Test("Rotation agrees with its formula and leaves the other dimensions alone", arguments: [0, 2, 8, 32])
    func rotary(dimensions: Int) {
        var random = SeededGenerator(seed: 3)
        let heads = random.floats(2 * 3 * 32)
        var tensor = Tensor(TensorShape(2, 96), heads)
        let rotary = RotaryEmbedding(dimensions: dimensions, theta: 10_000, positions: 600)
        rotary.apply(to: &tensor, positions: [0, 511], headSize: 32)
        let values = tensor.array
        for (row, position) in [0, 511].enumerated() {
            for head in 0..<3 {
                let range = row * 96 + head * 32..<row * 96 + (head + 1) * 32
                let expected = ReferenceKernels.rotate(
                    Array(heads[range]),
                    position: position,
                    dimensions: dimensions,
                    theta: 10_000
                )
                // An angle of 511 has a spacing of 3e-5 in float32, as in the original.
                #expect(largestDifference(Array(values[range]), expected) < 6e-5)
            }
        }
    }

    @Test(
        "Top-k picks the largest, the first among equals",
        arguments: [
            ([1, 3, 2], 1, [1]), ([1, 3, 2], 2, [1, 2]), ([2, 2, 2], 2, [0, 1]), ([-0.0, 0.0], 1, [0]),
            ([.nan, 1], 1, [1]), ([-.infinity, .infinity, 0], 3, [1, 2, 0]),
        ] as [([Float], Int, [Int])]
    )
    func topK(row: [Float], k: Int, expected: [Int]) {
        #expect(TopK.indices(row.span, k: k) == expected)
    }

    @Test("Gathered rows scatter back to where they came from")
    func gatherScatter() {
        var random = SeededGenerator(seed: 5)
        let numbers = random.floats(6 * 3)
        let source = Tensor(TensorShape(6, 3), numbers)
        let rows = [4, 0, 5, 2]
        let gathered = source.gathering(rows)
        #expect(gathered.row(0) == source.row(4) && gathered.row(3) == source.row(2))
        var back = Tensor(zeros: TensorShape(6, 3))
        back.scatter(rows, from: gathered)
        for row in rows { #expect(back.row(row) == source.row(row)) }
        #expect(back.row(1) == [0, 0, 0])
    }

    @Test("A pool runs every task once, whatever its size", arguments: [1, 2, 5])
    func poolRunsEachTaskOnce(threads: Int) {
        let pool = ThreadPool(threads: threads)
        for count in [0, 1, 2, 100] {
            var marks = [UInt8](repeating: 0, count: count)
            marks.withUnsafeMutableBufferPointer { marks in
                nonisolated(unsafe) let marks = marks
                pool.run(count) { marks[$0] += 1 }
            }
            #expect(marks == [UInt8](repeating: 1, count: count))
        }
    }
}
