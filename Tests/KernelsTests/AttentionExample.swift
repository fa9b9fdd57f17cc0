import Kernels
import TestKit

/// The sizes of a call.
struct AttentionCase: Sendable {
    var rows: Int
    var heads: Int
    var keyValueHeads: Int
    var headSize: Int
    var firstVisible: Int
    var step: Int

    /// What the last row sees.
    var positions: Int { firstVisible + (rows - 1) * step }
}

/// Random queries, keys and values, the keys and values of the last positions replaced by garbage where asked for.
struct AttentionExample {
    let shape: AttentionCase
    private let queries: [Float]
    private var keys: [Float]
    private var values: [Float]
    private let garbage: Float
    private let scale: Float = 0.3

    init(_ shape: AttentionCase, garbage: Float = .nan, from end: Int = .max) {
        var random = SeededGenerator(seed: UInt64(shape.positions * shape.headSize + shape.rows))
        let columns = shape.keyValueHeads * shape.headSize
        queries = random.floats(shape.rows * shape.heads * shape.headSize)
        var (keys, values) = (random.floats(shape.positions * columns), random.floats(shape.positions * columns))
        for index in keys.indices where index / columns >= end { (keys[index], values[index]) = (garbage, garbage) }
        self.keys = keys
        self.values = values
        self.garbage = garbage
        self.shape = shape
    }

    /// The same with keys and values that brain floats can hold.
    var rounded: AttentionExample {
        var other = self
        for index in keys.indices {
            other.keys[index] = ReferenceKernels.brainFloat(keys[index])
            other.values[index] = ReferenceKernels.brainFloat(values[index])
        }
        return other
    }

    /// Blocks that hold garbage everywhere, and the positions on top of it, so many at a time.
    func blocks(pieces: Int = .max, kind: AttentionBlock.Kind = .f32) -> [AttentionBlock] {
        let columns = shape.keyValueHeads * shape.headSize
        let blocks = (0..<AttentionBlock.count(for: shape.positions)).map { _ in
            AttentionBlock(keyValueHeadCount: shape.keyValueHeads, headSize: shape.headSize, kind: kind)
        }
        let whole = TensorShape(AttentionBlock.positionCount, columns)
        for block in blocks {
            let noise = [Float](repeating: garbage, count: whole.count)
            block.store(keys: Tensor(whole, noise), values: Tensor(whole, noise), rows: 0..<whole.rows, at: 0)
        }
        let k = Tensor(TensorShape(shape.positions, columns), keys)
        let v = Tensor(TensorShape(shape.positions, columns), values)
        let pool = ThreadPool(threads: 2)
        var position = 0
        while position < shape.positions {
            let end = position + min(pieces, shape.positions - position)
            AttentionKernel.store(keys: k, values: v, rows: position..<end, into: blocks, at: position, on: pool)
            position = end
        }
        return blocks
    }

    /// The output of all rows, of which only `rows` are attended; the others stay zero.
    func attend(
        over blocks: [AttentionBlock]? = nil,
        rows: Range<Int>? = nil,
        set: InstructionSet = .best,
        threads: Int = 1,
    ) -> [Float] {
        let rows = rows ?? 0..<shape.rows
        let whole = TensorShape(shape.rows, shape.heads * shape.headSize)
        var output = Tensor(zeros: whole)
        AttentionKernel.attend(
            queries: Tensor(whole, queries),
            over: blocks ?? self.blocks(),
            segment: .init(
                firstRow: rows.lowerBound,
                rowCount: rows.count,
                firstVisible: shape.firstVisible + rows.lowerBound * shape.step,
                visibleStep: shape.step
            ),
            headCount: shape.heads,
            keyValueHeadCount: shape.keyValueHeads,
            scale: scale,
            instructions: set,
            into: &output,
            on: ThreadPool(threads: threads)
        )
        return output.array
    }

    /// One head of a row of queries or outputs.
    func head(_ head: Int, of numbers: [Float], row: Int) -> [Float] {
        let start = (row * shape.heads + head) * shape.headSize
        return Array(numbers[start..<start + shape.headSize])
    }

    /// The same head in plain loops.
    func reference(row: Int, head: Int) -> [Float] {
        let shared = head / (shape.heads / shape.keyValueHeads)
        func part(_ numbers: [Float], _ position: Int) -> [Float] {
            let start = (position * shape.keyValueHeads + shared) * shape.headSize
            return Array(numbers[start..<start + shape.headSize])
        }
        let visible = 0..<shape.firstVisible + row * shape.step
        return ReferenceKernels.attend(
            self.head(head, of: queries, row: row),
            keys: visible.map { part(keys, $0) },
            values: visible.map { part(values, $0) },
            scale: scale
        )
    }
}
