import Kernels
import TestKit
import Testing

@Suite("Linear layers of stored bytes") struct ByteLinearTests {
    /// Weights in rows of very different size, one of zeros and one so small that its scale is zero.
    private static func numbers(_ outputs: Int, _ inputs: Int) -> [Float] {
        var random = SeededGenerator(seed: UInt64(inputs * 1000 + outputs))
        return (0..<outputs).flatMap { output in
            let size: Float = output == 1 ? 0 : output == 2 ? .leastNonzeroMagnitude * 7 : 1 / Float(1 + output % 7)
            return random.floats(inputs).map { $0 * size }
        }
    }

    @Test(
        "Bytes give the bits of the numbers that they were rounded from",
        arguments: PackedLinearTests.shapes,
        [true, false]
    )
    func sameBits(shape: (rows: Int, inputs: Int, outputs: Int), hasBias: Bool) {
        let (inputs, outputs) = (shape.inputs, shape.outputs)
        let numbers = Self.numbers(outputs, inputs)
        let (bytes, scales) = ByteRounding.round(numbers.span, columns: inputs)
        #expect(bytes.count == numbers.count && scales.count == outputs)
        let memory = StoredBytes(bytes.map { UInt8(bitPattern: $0) })
        let matrix = ByteMatrix(
            unsafe: UnsafeRawBufferPointer(rebasing: memory.buffer[1...]),
            scales: scales,
            columns: inputs,
            owner: memory
        )
        var random = SeededGenerator(seed: 5)
        let (bias, x) = (random.floats(outputs), random.floats(shape.rows * inputs))
        func product(_ layer: Linear, _ set: InstructionSet) -> [UInt32] {
            let input = Tensor(TensorShape(shape.rows, inputs), x)
            return layer(input, instructions: set, on: ThreadPool(threads: 2)).array.map(\.bitPattern)
        }
        let wide = Linear(
            weight: Tensor(TensorShape(outputs, inputs), numbers),
            bias: hasBias ? Tensor(TensorShape(outputs), bias) : nil,
            dtype: .int8
        )
        let stored = Linear(
            weight: .bytes(matrix),
            bias: hasBias ? Tensor(TensorShape(outputs), bias) : nil,
            dtype: .int8
        )
        for set in InstructionSet.available { #expect(product(wide, set) == product(stored, set), "\(set)") }

        // The first outputs alone, as a head takes them of a padded vocabulary.
        let count = outputs - 1
        let first = Linear(weight: LinearWeight.bytes(matrix).prefix(count), bias: nil, dtype: .int8)
        let same = Linear(
            weight: Tensor(TensorShape(count, inputs), Array(numbers.prefix(count * inputs))),
            bias: nil,
            dtype: .int8
        )
        #expect(product(first, .best) == product(same, .best))
    }

    @Test("A byte times its scale is the nearest such number")
    func nearest() {
        let numbers: [Float] = [1, -0.5, 0.25, 0.003, 0, 0, 0, 0]
        let (bytes, scales) = ByteRounding.round(numbers.span, columns: 4)
        #expect(bytes == [127, -64, 32, 0, 0, 0, 0, 0])
        #expect(scales == [1 / 127, 0])
    }
}
