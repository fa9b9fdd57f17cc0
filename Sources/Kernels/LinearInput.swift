internal import CKernels

/// Rows on their way into linear layers of one dtype: rounded and packed once, for all layers that read them.
///
/// It points at the rows it is made of, which have to live as long as it is used.
@safe
final class LinearInput {
    let dtype: ComputeDType
    let rows: Int
    let inputs: Int
    let instructions: InstructionSet
    /// The rows in order, `(rows, inputs)`.
    let plain: UnsafePointer<Float>
    /// What a kernel reads of them; nothing where few rows are taken as they are.
    let packed: UnsafeMutableRawPointer?
    private let scales: UnsafeMutablePointer<Float>?
    private let sources: UnsafeMutablePointer<Int>?
    private let gathered: Tensor

    /// Takes the rows of `source`, or those that `indices` names.
    ///
    /// Only float32 copies the named rows; other dtypes pick them up while they round.
    init(_ source: borrowing Tensor, indices: [Int]? = nil, dtype: ComputeDType, instructions: InstructionSet) {
        self.dtype = dtype
        self.instructions = instructions
        rows = indices?.count ?? source.rows
        inputs = source.columns
        if let indices {
            precondition(indices.allSatisfy { $0 >= 0 && $0 < source.rows }, "a row is not of the source")
        }
        guard let kind = dtype.packed else {
            if let indices {
                gathered = source.gathering(indices)
                unsafe plain = UnsafePointer(gathered.base)
            } else {
                gathered = Tensor(uninitialized: TensorShape(0, 0))
                unsafe plain = UnsafePointer(source.base)
            }
            unsafe scales = nil
            unsafe sources = nil
            let tiles = medmoe_linear_tiles(rows, instructions.c)
            let bytes = tiles * medmoe_linear_tile_floats(inputs, instructions.c) * MemoryLayout<Float>.stride
            unsafe packed = tiles == 0 ? nil : HeapMemory.allocate(byteCount: bytes)
            return
        }
        gathered = Tensor(uninitialized: TensorShape(0, 0))
        unsafe plain = UnsafePointer(source.base)
        let bytes = rows * medmoe_packed_row_bytes(kind, inputs)
        unsafe packed = HeapMemory.allocate(byteCount: bytes)
        unsafe scales = dtype == .int8 ? .allocate(capacity: max(1, rows)) : nil
        if let indices {
            let copy = UnsafeMutablePointer<Int>.allocate(capacity: max(1, indices.count))
            for (index, row) in indices.enumerated() { unsafe copy[index] = row }
            unsafe sources = copy
        } else {
            unsafe sources = nil
        }
    }

    deinit {
        unsafe HeapMemory.free(packed)
        unsafe scales?.deallocate()
        unsafe sources?.deallocate()
    }

    /// The rows as the packed kernels take them.
    var packedRows: medmoe_packed_rows {
        guard let kind = dtype.packed, let packed = unsafe packed else { preconditionFailure("rows are not packed") }
        return unsafe medmoe_packed_rows(
            kind: kind,
            rows: rows,
            inputs: inputs,
            sources: UnsafePointer(sources),
            packed: packed,
            scales: scales,
        )
    }

    /// Rounds and packs the rows.
    var packing: PoolJob {
        guard let packed = unsafe packed, rows > 0 else { return .nothing }
        let set = instructions.c
        if dtype.packed != nil {
            let tiles = (rows + Int(MEDMOE_TILE_ROWS) - 1) / Int(MEDMOE_TILE_ROWS)
            let description = unsafe packedRows
            return PoolJob(tiles) { [self] tile in
                unsafe withUnsafePointer(to: description) { unsafe medmoe_pack_rows($0, plain, tile, tile + 1, set) }
            }
        }
        let tiles = medmoe_linear_tiles(rows, set)
        let tasks = (tiles + Self.tilesPerTask - 1) / Self.tilesPerTask
        let floats = unsafe packed.assumingMemoryBound(to: Float.self)
        return PoolJob(tasks) { [self] task in
            let job = unsafe medmoe_linear(
                x: plain,
                packed: nil,
                rows: rows,
                inputs: inputs,
                outputs: 0,
                weights: UnsafeRawPointer(plain),
                kind: MEDMOE_WEIGHTS_F32,
                bias: nil,
                y: floats,
            )
            let first = task * Self.tilesPerTask
            unsafe withUnsafePointer(to: job) { job in
                unsafe medmoe_linear_pack(job, floats, first, min(tiles, first + Self.tilesPerTask), set)
            }
        }
    }

    /// Tiles of rows that one task packs.
    private static let tilesPerTask = 16
}
