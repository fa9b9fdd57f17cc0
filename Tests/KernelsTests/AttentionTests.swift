import Kernels
import TestKit
import Testing

@Suite struct AttentionTests {
    /// Whole vectors of columns and others, heads of their own keys and shared ones, tiles and the rows left over.
    static let shapes: [AttentionCase] = [
        .init(rows: 1, heads: 2, keyValueHeads: 2, headSize: 64, firstVisible: 1, step: 1),
        .init(rows: 1, heads: 4, keyValueHeads: 2, headSize: 80, firstVisible: 131, step: 1),
        .init(rows: 2, heads: 2, keyValueHeads: 1, headSize: 16, firstVisible: 31, step: 1),
        .init(rows: 9, heads: 3, keyValueHeads: 3, headSize: 7, firstVisible: 27, step: 1),
        .init(rows: 25, heads: 2, keyValueHeads: 2, headSize: 24, firstVisible: 64, step: 0),
        .init(rows: 33, heads: 4, keyValueHeads: 1, headSize: 32, firstVisible: 1, step: 1),
        .init(rows: 70, heads: 1, keyValueHeads: 1, headSize: 64, firstVisible: 70, step: 0),
        .init(rows: 50, heads: 2, keyValueHeads: 2, headSize: 80, firstVisible: 300, step: 1),
    ]

    @Test("Attention agrees with the plain loops", arguments: shapes, InstructionSet.available)
    func agreesWithReference(shape: AttentionCase, set: InstructionSet) {
        let example = AttentionExample(shape)
        let result = example.attend(set: set)
        for row in 0..<shape.rows {
            for head in 0..<shape.heads {
                let difference = largestDifference(
                    example.head(head, of: result, row: row),
                    example.reference(row: row, head: head)
                )
                #expect(difference < 2e-6, "row \(row), head \(head)")
            }
        }
    }

    @Test("A row's bits are its own, whatever is attended with it", arguments: shapes, InstructionSet.available)
    func rowsAreIndependent(shape: AttentionCase, set: InstructionSet) {
        let example = AttentionExample(shape)
        let columns = shape.heads * shape.headSize
        let blocks = example.blocks()
        let together = example.attend(over: blocks, set: set)
        let threads = example.attend(over: blocks, set: set, threads: 3)
        #expect(haveEqualBits(threads, together))
        for row in 0..<shape.rows {
            let there = Array(together[row * columns..<(row + 1) * columns])
            for crowd in [1, 2, 8] where row + crowd <= shape.rows {
                let other = example.attend(over: blocks, rows: row..<row + crowd, set: set)
                let equal = haveEqualBits(Array(other[row * columns..<(row + 1) * columns]), there)
                #expect(equal, "row \(row) with \(crowd - 1) others")
            }
        }
    }

    @Test("Nothing that a row does not see reaches it", arguments: shapes, InstructionSet.available)
    func unseenPositionsAreInvisible(shape: AttentionCase, set: InstructionSet) {
        let columns = shape.heads * shape.headSize
        let seen = shape.firstVisible
        let clean = AttentionExample(shape).attend(set: set)
        for garbage in [Float.nan, .infinity, -.greatestFiniteMagnitude] {
            // Everything behind what the first row sees, stored and not stored.
            let spoiled = AttentionExample(shape, garbage: garbage, from: seen).attend(set: set)
            let firstRows = shape.step == 0 ? shape.rows : 1
            let equal = haveEqualBits(
                Array(spoiled.prefix(firstRows * columns)),
                Array(clean.prefix(firstRows * columns))
            )
            #expect(equal, "\(garbage)")
        }
    }

    @Test("What is not a number spoils the rows that see it, and no others", arguments: InstructionSet.available)
    func spoiledPositionsSpoil(set: InstructionSet) {
        let shape = AttentionCase(rows: 20, heads: 1, keyValueHeads: 1, headSize: 64, firstVisible: 1, step: 1)
        let result = AttentionExample(shape, garbage: .nan, from: 13).attend(set: set)
        for (index, number) in result.enumerated() { #expect(number.isNaN == (index / 64 >= 13)) }
    }

    @Test("Instruction sets that fuse give equal bits", arguments: shapes)
    func instructionsAreInvisible(shape: AttentionCase) {
        let example = AttentionExample(shape)
        let results = InstructionSet.available.filter(\.fuses).map { example.attend(set: $0) }
        for result in results.dropFirst() {
            let equal = haveEqualBits(result, results[0])
            #expect(equal)
        }
    }

    @Test("Positions stored one at a time are those stored together")
    func storing() {
        let shape = AttentionCase(rows: 3, heads: 2, keyValueHeads: 2, headSize: 20, firstVisible: 77, step: 1)
        let example = AttentionExample(shape)
        let single = example.attend(over: example.blocks(pieces: 1))
        for pieces in [3, 7, 29, 79] {
            let equal = haveEqualBits(example.attend(over: example.blocks(pieces: pieces)), single)
            #expect(equal, "\(pieces) at a time")
        }
    }

    @Test("Brain floats give the bits of floats with the same numbers", arguments: shapes, InstructionSet.available)
    func brainFloats(shape: AttentionCase, set: InstructionSet) {
        let example = AttentionExample(shape)
        let expected = example.rounded.attend(set: set)
        for pieces in [1, 5, .max] {
            let blocks = example.blocks(pieces: pieces, kind: .bf16)
            let equal = haveEqualBits(example.attend(over: blocks, set: set), expected)
            #expect(equal, "\(pieces) at a time")
        }
        let exact = example.attend(set: set)
        #expect(!haveEqualBits(exact, expected))
    }

    @Test("What is not a number stays so in brain floats", arguments: InstructionSet.available)
    func brainFloatsSpoil(set: InstructionSet) {
        let shape = AttentionCase(rows: 20, heads: 1, keyValueHeads: 1, headSize: 64, firstVisible: 1, step: 1)
        for garbage in [Float.nan, Float(bitPattern: 0x7F80_0001)] {
            let example = AttentionExample(shape, garbage: garbage, from: 13)
            let result = example.attend(over: example.blocks(kind: .bf16), set: set)
            for (index, number) in result.enumerated() { #expect(number.isNaN == (index / 64 >= 13)) }
        }
    }

    @Test("A block tells its size")
    func size() {
        #expect(AttentionBlock(keyValueHeadCount: 2, headSize: 8, kind: .bf16).byteCount == 2 * 2 * 8 * 32 * 2)
        #expect(AttentionBlock(keyValueHeadCount: 2, headSize: 8).byteCount == 2 * 2 * 8 * 32 * 4)
        #expect([0, 1, 32, 33].map(AttentionBlock.count(for:)) == [0, 1, 1, 2])
    }
}
