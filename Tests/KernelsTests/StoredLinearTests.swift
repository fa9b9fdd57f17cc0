import Kernels
import TestKit
import Testing

@Suite struct StoredLinearTests {
    static let kinds: [WeightKind] = [.f32, .bf16, .f16]
    /// Around the sizes of steps (16), tiles (2 to 6), packing (8 rows), blocks (64 rows) and chunks (512 inputs).
    static let shapes: [(rows: Int, inputs: Int, outputs: Int)] = [
        (1, 1, 1), (3, 15, 7), (7, 16, 9), (8, 17, 6), (9, 100, 47), (65, 512, 49), (130, 530, 13),
    ]

    @Test("Stored weights multiply like the plain loops over the same numbers", arguments: kinds, shapes)
    func agreesWithReference(kind: WeightKind, shape: (rows: Int, inputs: Int, outputs: Int)) {
        var random = SeededGenerator(seed: UInt64(shape.inputs))
        let (rows, inputs, outputs) = shape
        let stored = StoredWeights(kind, rows: outputs, columns: inputs, random: &random)
        let (x, b) = (random.floats(rows * inputs), random.floats(outputs))
        let linear = Linear(weight: stored.matrix, bias: Tensor(TensorShape(outputs), b))
        let expected = ReferenceKernels.linear(
            x,
            stored.floats,
            bias: b,
            rows: rows,
            inputs: inputs,
            outputs: outputs
        )
        for set in InstructionSet.available {
            let y = linear(
                Tensor(TensorShape(rows, inputs), x),
                instructions: set,
                on: ThreadPool(threads: 2)
            ).array
            // Rounding of a sum of n products of numbers below 1 grows like sqrt(n) units in the last place.
            #expect(largestDifference(y, expected) <= 8e-7 * Float(inputs).squareRoot(), "\(set)")
        }
    }

    @Test("Sixteen bits give the bits of the same numbers in thirty-two", arguments: [WeightKind.bf16, .f16], shapes)
    func storageIsInvisible(kind: WeightKind, shape: (rows: Int, inputs: Int, outputs: Int)) {
        var random = SeededGenerator(seed: 11)
        let (rows, inputs, outputs) = shape
        let stored = StoredWeights(kind, rows: outputs, columns: inputs, random: &random)
        let x = random.floats(rows * inputs)
        let narrow = Linear(weight: stored.matrix, bias: nil)
        let wide = Linear(weight: Tensor(TensorShape(outputs, inputs), stored.floats), bias: nil)
        for set in InstructionSet.available {
            let pool = ThreadPool(threads: 2)
            let a = narrow(Tensor(TensorShape(rows, inputs), x), instructions: set, on: pool).array
            let b = wide(Tensor(TensorShape(rows, inputs), x), instructions: set, on: pool).array
            #expect(haveEqualBits(a, b), "\(set)")
        }
    }

    @Test("Instruction sets that fuse give equal bits", arguments: kinds, shapes)
    func instructionsAreInvisible(kind: WeightKind, shape: (rows: Int, inputs: Int, outputs: Int)) {
        var random = SeededGenerator(seed: 12)
        let (rows, inputs, outputs) = shape
        let stored = StoredWeights(kind, rows: outputs, columns: inputs, random: &random)
        let x = random.floats(rows * inputs)
        let linear = Linear(weight: stored.matrix, bias: nil)
        let results = InstructionSet.available.filter(\.fuses).map { set in
            linear(Tensor(TensorShape(rows, inputs), x), instructions: set, on: ThreadPool(threads: 1)).array
        }
        for result in results.dropFirst() {
            let equal = haveEqualBits(result, results[0])
            #expect(equal)
        }
    }

    @Test("A row's bits are its own, in every instruction set", arguments: kinds, InstructionSet.available)
    func rowsAreIndependent(kind: WeightKind, set: InstructionSet) {
        var random = SeededGenerator(seed: 13)
        let (inputs, outputs) = (531, 50)
        let stored = StoredWeights(kind, rows: outputs, columns: inputs, random: &random)
        let linear = Linear(weight: stored.matrix, bias: nil)
        let x = random.floats(140 * inputs)
        let alone = linear(
            Tensor(TensorShape(1, inputs), Array(x.suffix(inputs))),
            instructions: set,
            on: ThreadPool(threads: 1)
        ).array
        for rows in [2, 7, 8, 9, 63, 64, 65, 140] {
            let crowd = Tensor(TensorShape(rows, inputs), Array(x.suffix(rows * inputs)))
            let last = linear(crowd, instructions: set, on: ThreadPool(threads: 3)).row(rows - 1)
            let equal = haveEqualBits(last, alone)
            #expect(equal, "in a crowd of \(rows)")
        }
    }

    @Test("Rows of a stored table are widened, in the order asked for")
    func gathering() {
        var random = SeededGenerator(seed: 14)
        let stored = StoredWeights(.bf16, rows: 5, columns: 33, random: &random)
        let rows = stored.matrix.prefix(4).gathering([3, 0, 3])
        #expect(rows.shape == TensorShape(3, 33))
        #expect(rows.row(0) == Array(stored.floats[3 * 33..<4 * 33]))
        #expect(rows.row(1) == Array(stored.floats[..<33]))
        #expect(rows.row(2) == rows.row(0))
    }

    @Test("The tower's layers through OpenBLAS agree with the plain loops", arguments: kinds)
    func blas(kind: WeightKind) {
        var random = SeededGenerator(seed: 15)
        let (rows, inputs, outputs) = (37, 70, 300)
        let stored = StoredWeights(kind, rows: outputs, columns: inputs, random: &random)
        let (x, b) = (random.floats(rows * inputs), random.floats(outputs))
        let layer = BLASLinear(weight: stored.matrix, bias: Tensor(TensorShape(outputs), b))
        let expected = ReferenceKernels.linear(
            x,
            stored.floats,
            bias: b,
            rows: rows,
            inputs: inputs,
            outputs: outputs
        )
        let one = layer(Tensor(TensorShape(rows, inputs), x), on: ThreadPool(threads: 1)).array
        #expect(largestDifference(one, expected) <= 8e-7 * Float(inputs).squareRoot())
        let two = layer(Tensor(TensorShape(rows, inputs), x), on: ThreadPool(threads: 2)).array
        #expect(haveEqualBits(one, two))
    }
}
