import Kernels
import TestKit
import Testing

@Suite struct LinearTests {
    static let shapes: [(rows: Int, inputs: Int, outputs: Int)] = [
        (1, 1, 1), (1, 7, 3), (2, 64, 192), (15, 33, 17), (16, 192, 384), (17, 384, 192), (33, 100, 257),
        (48, 128, 513),
    ]

    @Test("A linear layer agrees with the plain loops", arguments: shapes)
    func agreesWithReference(rows: Int, inputs: Int, outputs: Int) {
        var random = SeededGenerator(seed: UInt64(rows * 1000 + inputs))
        let (x, w, b) = (random.floats(rows * inputs), random.floats(outputs * inputs), random.floats(outputs))
        for bias in [b, nil] {
            let linear = Linear(
                weight: Tensor(TensorShape(outputs, inputs), w),
                bias: bias.map { Tensor(TensorShape(outputs), $0) }
            )
            let y = linear(Tensor(TensorShape(rows, inputs), x), on: ThreadPool(threads: 2)).array
            let expected = ReferenceKernels.linear(x, w, bias: bias, rows: rows, inputs: inputs, outputs: outputs)
            // Rounding of a sum of n products of numbers below 1 grows like sqrt(n) units in the last place.
            let tolerance = 4e-7 * Float(inputs).squareRoot() * 2
            #expect(largestDifference(y, expected) <= tolerance)
        }
    }

    @Test("A row's bits depend neither on its neighbours, nor on its place, nor on the thread count", arguments: shapes)
    func rowsAreIndependent(rows: Int, inputs: Int, outputs: Int) {
        var random = SeededGenerator(seed: 7)
        let (x, w) = (random.floats(rows * inputs), random.floats(outputs * inputs))
        let linear = Linear(weight: Tensor(TensorShape(outputs, inputs), w), bias: nil)
        let together = linear(Tensor(TensorShape(rows, inputs), x), on: ThreadPool(threads: 2)).array
        for row in 0..<rows {
            let own = Array(x[row * inputs..<(row + 1) * inputs])
            let alone = linear(Tensor(TensorShape(1, inputs), own), on: ThreadPool(threads: 1)).array
            let there = Array(together[row * outputs..<(row + 1) * outputs])
            let sameAlone = haveEqualBits(alone, there)
            #expect(sameAlone, "row \(row) of \(rows)")
            // The same row at the end of another crowd.
            let crowd = random.floats(20 * inputs) + own
            let last = linear(Tensor(TensorShape(21, inputs), crowd), on: ThreadPool(threads: 3)).row(20)
            let sameInCrowd = haveEqualBits(last, there)
            #expect(sameInCrowd, "row \(row) in a crowd")
        }
    }

    @Test("No rows in, no rows out")
    func zeroRows() {
        let linear = Linear(weight: Tensor(zeros: TensorShape(4, 3)), bias: nil)
        #expect(linear(Tensor(zeros: TensorShape(0, 3)), on: ThreadPool(threads: 1)).shape == TensorShape(0, 4))
    }

    @Test("The seeded numbers really vary")
    func seededNumbersVary() {
        var random = SeededGenerator(seed: 1)
        let numbers = random.floats(1000)
        #expect(Set(numbers).count > 990)
        #expect(numbers.contains { $0 < -0.5 } && numbers.contains { $0 > 0.5 })
    }
}

func haveEqualBits(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern }
}

/// The largest absolute difference; infinite when the lengths differ or a number is not one.
func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { most, pair in
        let difference = abs(pair.0 - pair.1)
        return difference.isNaN ? .infinity : max(most, difference)
    }
}
