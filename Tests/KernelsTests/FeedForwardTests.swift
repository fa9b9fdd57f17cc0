import Kernels
import TestKit
import Testing

@Suite("Feed-forward blocks that run side by side") struct FeedForwardTests {
    private static func layer(_ inputs: Int, _ outputs: Int, seed: UInt64, dtype: ComputeDType, bias: Bool) -> Linear {
        var generator = SeededGenerator(seed: seed)
        let weights = (0..<inputs * outputs).map { _ in Float.random(in: -0.3...0.3, using: &generator) }
        let numbers = (0..<outputs).map { _ in Float.random(in: -1...1, using: &generator) }
        return Linear(
            weight: Tensor(TensorShape(outputs, inputs), weights),
            bias: bias ? Tensor(TensorShape(outputs), numbers) : nil,
            dtype: dtype,
        )
    }

    private static func block(
        _ seed: UInt64,
        dtype: ComputeDType,
        isGated: Bool,
        width: Int = 70,
    ) -> FeedForwardLayers {
        func layer(_ inputs: Int, _ outputs: Int, _ part: UInt64) -> Linear {
            Self.layer(inputs, outputs, seed: seed * 10 + part, dtype: dtype, bias: !isGated)
        }
        return isGated
            ? .swiglu(gate: layer(24, width, 1), up: layer(24, width, 2), down: layer(width, 24, 3))
            : .gelu(expand: layer(24, width, 1), contract: layer(width, 24, 2))
    }

    @Test(
        "A fused block gives the bits of its layers one by one",
        arguments: ComputeDType.allCases.flatMap { [($0, true), ($0, false)] },
        // Few rows, and so many that several panels of a broad block are computed at a time.
        [(17, 70), (45, 900)]
    )
    func fused(kind: (dtype: ComputeDType, isGated: Bool), size: (rows: Int, width: Int)) {
        let pool = ThreadPool(threads: 2)
        let layers = Self.block(3, dtype: kind.dtype, isGated: kind.isGated, width: size.width)
        var generator = SeededGenerator(seed: 4)
        let numbers = (0..<size.rows * 24).map { _ in Float.random(in: -2...2, using: &generator) }
        let x = Tensor(TensorShape(size.rows, 24), numbers)
        let call = FeedForwardCall.run([(layers, nil)], rows: x, on: pool)[0]
        let expected: [Float]
        switch layers {
        case .swiglu(let gate, let up, let down):
            let middle = Activation.swiglu(gate: gate(x, on: pool), up: up(x, on: pool), on: pool)
            expected = down(middle, on: pool).array
        case .gelu(let expand, let contract):
            var middle = expand(x, on: pool)
            Activation.geluTanh(&middle, on: pool)
            expected = contract(middle, on: pool).array
        }
        #expect(call.take().array == expected)
    }

    @Test(
        "Chosen rows of several blocks at once: the bits of each row alone",
        arguments: ComputeDType.allCases,
        [true, false]
    )
    func together(dtype: ComputeDType, isGated: Bool) {
        let pool = ThreadPool(threads: 3)
        var generator = SeededGenerator(seed: 5)
        let numbers = (0..<30 * 24).map { _ in Float.random(in: -2...2, using: &generator) }
        let x = Tensor(TensorShape(30, 24), numbers)
        let choices = [[0, 29, 3], [], Array(0..<30), [7], [28, 1, 1]]
        let blocks = (0..<5).map { Self.block(UInt64($0 + 1), dtype: dtype, isGated: isGated) }
        let calls = FeedForwardCall.run(zip(blocks, choices).map { ($0, $1) }, rows: x, on: pool)
        for ((block, rows), call) in zip(zip(blocks, choices), calls) {
            let found = call.take()
            #expect(found.rows == rows.count)
            for (index, row) in rows.enumerated() {
                let own = Tensor(TensorShape(1, 24), Array(numbers[row * 24..<(row + 1) * 24]))
                let alone = FeedForwardCall.run([(block, nil)], rows: own, on: ThreadPool(threads: 1))[0]
                #expect(found.row(index) == alone.take().array, "row \(row)")
            }
        }
    }
}
