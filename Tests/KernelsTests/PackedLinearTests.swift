import Kernels
import TestKit
import Testing

@Suite("Linear layers in packed numbers") struct PackedLinearTests {
    /// Shapes with whole and broken panels, words and tiles.
    static let shapes: [(rows: Int, inputs: Int, outputs: Int)] = [
        (1, 64, 64), (2, 7, 5), (3, 33, 31), (5, 130, 33), (12, 96, 100), (13, 18, 64), (25, 576, 96), (40, 257, 70),
        // The last has tasks of more panels than a group of tiles takes, in bytes too.
        (70, 1300, 40), (4, 6010, 1160),
    ]

    private static func layer(_ inputs: Int, _ outputs: Int, dtype: ComputeDType) -> (
        layer: Linear, weights: [Float], bias: [Float]
    ) {
        var generator = SeededGenerator(seed: UInt64(inputs * 1000 + outputs))
        let weights = (0..<inputs * outputs).map { _ in Float.random(in: -1...1, using: &generator) }
        let bias = (0..<outputs).map { _ in Float.random(in: -1...1, using: &generator) }
        let layer = Linear(
            weight: Tensor(TensorShape(outputs, inputs), weights),
            bias: Tensor(TensorShape(outputs), bias),
            dtype: dtype,
        )
        return (layer, weights, bias)
    }

    private static func rows(_ count: Int, _ inputs: Int) -> [Float] {
        var generator = SeededGenerator(seed: 9)
        return (0..<count * inputs).map { _ in Float.random(in: -2...2, using: &generator) }
    }

    /// The product of rows and weights, rounded to brain floats, where `sum` adds up the products of one output:
    /// it is given the number of inputs and two numbers for each place.
    private static func brainProduct(
        _ shape: (rows: Int, inputs: Int, outputs: Int),
        _ x: [Float],
        _ weights: [Float],
        _ bias: [Float],
        sum: (Int, (Int) -> (Float, Float)) -> Float,
    ) -> [Float] {
        (0..<shape.rows * shape.outputs).map { place in
            let (row, output) = (place / shape.outputs, place % shape.outputs)
            let total = sum(shape.inputs) { k in
                (
                    ReferenceKernels.brainFloat(x[row * shape.inputs + k]),
                    ReferenceKernels.brainFloat(weights[output * shape.inputs + k])
                )
            }
            return total + bias[output]
        }
    }

    /// Holds what every instruction set makes of the rows against what is expected.
    private static func expect(
        _ layer: Linear,
        of shape: (rows: Int, inputs: Int, outputs: Int),
        _ x: [Float],
        gives expected: [Float],
    ) {
        for set in InstructionSet.available {
            let input = Tensor(TensorShape(shape.rows, shape.inputs), x)
            let found = layer(input, instructions: set, on: ThreadPool(threads: 2)).array
            #expect(found == expected, "\(set) differs at \(shape)")
        }
    }

    @Test("Brain floats in pairs: the bits of one sum that walks k, second of a pair first", arguments: shapes)
    func pairs(shape: (rows: Int, inputs: Int, outputs: Int)) {
        let (layer, weights, bias) = Self.layer(shape.inputs, shape.outputs, dtype: .bf16Pairs)
        let x = Self.rows(shape.rows, shape.inputs)
        let expected = Self.brainProduct(shape, x, weights, bias) { inputs, factors in
            var sum: Float = 0
            for k in stride(from: 0, to: inputs, by: 2) {
                for place in [k + 1, k] where place < inputs {
                    let (input, weight) = factors(place)
                    sum.addProduct(input, weight)
                }
            }
            return sum
        }
        Self.expect(layer, of: shape, x, gives: expected)
    }

    @Test("Brain floats in tiles: for each 32 of k the sums of even and of odd places, added", arguments: shapes)
    func tiles(shape: (rows: Int, inputs: Int, outputs: Int)) {
        let (layer, weights, bias) = Self.layer(shape.inputs, shape.outputs, dtype: .bf16Tiles)
        let x = Self.rows(shape.rows, shape.inputs)
        let expected = Self.brainProduct(shape, x, weights, bias) { inputs, factors in
            var sum: Float = 0
            for step in stride(from: 0, to: inputs, by: 32) {
                var halves: [Float] = [0, 0]
                for place in step..<min(inputs, step + 32) {
                    let (input, weight) = factors(place)
                    halves[place % 2].addProduct(input, weight)
                }
                sum += halves[0] + halves[1]
            }
            return sum
        }
        Self.expect(layer, of: shape, x, gives: expected)
    }

    @Test("Bytes: exact sums, a scale for each row and output", arguments: shapes)
    func bytes(shape: (rows: Int, inputs: Int, outputs: Int)) {
        let (layer, weights, bias) = Self.layer(shape.inputs, shape.outputs, dtype: .int8)
        let x = Self.rows(shape.rows, shape.inputs)
        func quantized(_ values: ArraySlice<Float>) -> (bytes: [Int], scale: Float) {
            let most = values.map(\.magnitude).max() ?? 0
            return (values.map { Int(($0 * (127 / most)).rounded(.toNearestOrEven)) }, most / 127)
        }
        var expected: [Float] = []
        for row in 0..<shape.rows {
            let left = quantized(x[row * shape.inputs..<(row + 1) * shape.inputs])
            for output in 0..<shape.outputs {
                let right = quantized(weights[output * shape.inputs..<(output + 1) * shape.inputs])
                let sum = zip(left.bytes, right.bytes).reduce(0) { $0 + $1.0 * $1.1 }
                expected.append(Float(sum) * right.scale * left.scale + bias[output])
            }
        }
        Self.expect(layer, of: shape, x, gives: expected)
    }

    @Test(
        "A row's bits depend on no other row, tile, thread or instruction set",
        arguments: [ComputeDType.bf16Pairs, .bf16Tiles, .int8],
        [130, 1300]
    )
    func independence(dtype: ComputeDType, inputs: Int) {
        let outputs = 75
        let (layer, _, _) = Self.layer(inputs, outputs, dtype: dtype)
        let x = Self.rows(70, inputs)
        var alone: [Float] = []
        for row in 0..<70 {
            let own = Array(x[row * inputs..<(row + 1) * inputs])
            alone += layer(Tensor(TensorShape(1, inputs), own), on: ThreadPool(threads: 1)).array
        }
        for set in InstructionSet.available {
            for count in Array(1...34) + [48, 49, 70] {
                let input = Tensor(TensorShape(count, inputs), Array(x.prefix(count * inputs)))
                let together = layer(input, instructions: set, on: ThreadPool(threads: 3)).array
                #expect(together == Array(alone.prefix(count * outputs)), "\(count) rows on \(set)")
            }
        }
    }

    @Test(
        "Numbers that are none spoil their own row only",
        arguments: [ComputeDType.bf16Pairs, .bf16Tiles, .int8],
        [Float.nan, .infinity]
    )
    func notNumbers(dtype: ComputeDType, value: Float) {
        let (inputs, outputs) = (64, 40)
        let (layer, _, _) = Self.layer(inputs, outputs, dtype: dtype)
        var x = Self.rows(3, inputs)
        let clean = layer(Tensor(TensorShape(3, inputs), x), on: ThreadPool(threads: 1)).array
        x[inputs + 5] = value
        for set in InstructionSet.available {
            let found = layer(Tensor(TensorShape(3, inputs), x), instructions: set, on: ThreadPool(threads: 1)).array
            #expect(found[outputs..<2 * outputs].allSatisfy { !$0.isFinite }, "\(set) hides \(value)")
            #expect(found[..<outputs] == clean[..<outputs] && found[(2 * outputs)...] == clean[(2 * outputs)...])
        }
    }

    @Test("Rows of zeros give the bias", arguments: [ComputeDType.bf16Pairs, .bf16Tiles, .int8])
    func zeros(dtype: ComputeDType) {
        let (layer, _, bias) = Self.layer(20, 9, dtype: dtype)
        #expect(layer(Tensor(zeros: TensorShape(2, 20)), on: ThreadPool(threads: 1)).array == bias + bias)
    }
}
