package import Kernels

/// One safetensors file, mapped: its header is checked at opening, and a tensor's pages are read when it is.
package final class SafetensorsFile: Sendable {
    /// The file's name without its folder.
    package var name: String { mapped.name }
    /// The file's size in bytes.
    package var byteCount: Int { mapped.byteCount }
    /// The tensors in the order of their bytes.
    package let entries: [TensorEntry]
    /// The strings that the file says about itself.
    package let metadata: [String: String]

    private let mapped: MappedFile
    private let places: [String: Int]

    /// Opens a file and checks its header against it.
    ///
    /// - Throws: `missingFile`, `unreadableFile`, `truncated` or `invalidHeader`.
    package init(path: String) throws(CheckpointError) {
        mapped = try MappedFile(path: path)
        let header = try SafetensorsHeader(of: mapped)
        entries = header.entries
        metadata = header.metadata
        var places: [String: Int] = [:]
        for (index, entry) in header.entries.enumerated() { places[entry.name] = index }
        self.places = places
    }

    /// What the header says about a tensor; nil when it is not in this file.
    package func entry(_ name: String) -> TensorEntry? { places[name].map { entries[$0] } }

    /// Lends the bytes of one of this file's entries, which may lie at any address.
    package func withBytes<Result, Failure: Error>(
        of entry: TensorEntry,
        _ body: (RawSpan) throws(Failure) -> Result,
    ) throws(Failure) -> Result {
        try mapped.withBytes(entry.byteRange, body)
    }

    /// The entry of a tensor that must be here, with a shape that it must have where one is given.
    ///
    /// - Throws: `missingTensor` or `wrongShape`.
    package func entry(_ name: String, expectedShape: [Int]?) throws(CheckpointError) -> TensorEntry {
        guard let entry = entry(name) else {
            let wanted = expectedShape.map { " of shape \(TensorEntry.describe($0))" } ?? ""
            throw CheckpointError(
                .missingTensor,
                file: self.name,
                tensor: CheckpointError.quotable(name),
                "expected a tensor\(wanted), found none of this name among \(entries.count)"
            )
        }
        if let expectedShape, entry.shape != expectedShape {
            throw CheckpointError(
                .wrongShape,
                file: self.name,
                tensor: entry.name,
                offset: entry.byteRange.lowerBound,
                "expected the shape \(TensorEntry.describe(expectedShape)), found \(TensorEntry.describe(entry.shape))"
            )
        }
        return entry
    }

    /// The numbers of a tensor as floats, row after row; those of F16, BF16 and F32 are exact.
    ///
    /// - Throws: `missingTensor`, `wrongShape`, or `wrongDType` when its numbers are of another kind.
    package func float32(_ name: String, expectedShape: [Int]? = nil) throws(CheckpointError) -> [Float] {
        let (entry, kind) = try weight(name, expectedShape: expectedShape)
        return [Float](capacity: entry.elementCount) { output in
            output.append(repeating: 0, count: entry.elementCount)
            var numbers = output.mutableSpan
            withBytes(of: entry) { kind.widen($0, into: &numbers) }
        }
    }

    /// Writes the numbers of a tensor as floats into `target`, which must have room for just as many.
    ///
    /// - Throws: `missingTensor`, `wrongShape`, or `wrongDType` when its numbers are of another kind.
    package func readFloat32(
        _ name: String,
        expectedShape: [Int],
        into target: inout MutableSpan<Float>,
    ) throws(CheckpointError) {
        let (entry, kind) = try weight(name, expectedShape: expectedShape)
        precondition(target.count == entry.elementCount, "room for \(target.count) of \(entry.elementCount) numbers")
        withBytes(of: entry) { kind.widen($0, into: &target) }
    }

    /// A tensor as it is stored, as a matrix of its outermost extent by the product of the others; nothing is copied.
    ///
    /// - Throws: `missingTensor`, `wrongShape`, or `wrongDType` when its numbers are of another kind.
    package func matrix(_ name: String, expectedShape: [Int]) throws(CheckpointError) -> WeightMatrix {
        let (entry, kind) = try weight(name, expectedShape: expectedShape)
        let rows = expectedShape.first ?? 1
        return withBytes(of: entry) { bytes in
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe WeightMatrix(
                    unsafe: bytes,
                    kind: kind,
                    rows: rows,
                    columns: rows == 0 ? 0 : entry.elementCount / rows,
                    owner: mapped,
                )
            }
        }
    }

    /// The bytes of an I8 tensor of two dimensions, which take a scale for each row to be a matrix; nothing is copied.
    ///
    /// - Throws: `missingTensor`, `wrongShape`, or `wrongDType` when it holds no bytes.
    func byteRows(_ name: String, expectedShape: [Int]) throws(CheckpointError) -> ([Float]) -> ByteMatrix {
        let entry = try entry(name, expectedShape: expectedShape)
        guard entry.dtype == .i8, expectedShape.count == 2 else { throw wrongDType(entry, "I8") }
        return { [self] scales in
            withBytes(of: entry) { bytes in
                unsafe bytes.withUnsafeBytes { bytes in
                    unsafe ByteMatrix(unsafe: bytes, scales: scales, columns: expectedShape[1], owner: mapped)
                }
            }
        }
    }

    /// Gives the memory of a tensor's pages back to the system; they are read from the file again when touched.
    package func release(_ entry: TensorEntry) {
        mapped.release(entry.byteRange)
    }

    /// The whole numbers of a tensor of I64, I32 or U8, row after row.
    ///
    /// - Throws: `missingTensor`, `wrongShape`, or `wrongDType` when its numbers are of another kind.
    package func integers(_ name: String, expectedShape: [Int]? = nil) throws(CheckpointError) -> [Int] {
        let entry = try entry(name, expectedShape: expectedShape)
        switch entry.dtype {
        case .i64: return withBytes(of: entry) { Self.integers($0, Int64.self) }
        case .i32: return withBytes(of: entry) { Self.integers($0, Int32.self) }
        case .u8: return withBytes(of: entry) { Self.integers($0, UInt8.self) }
        default: throw wrongDType(entry, "I64, I32 or U8")
        }
    }

    private static func integers<Number: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: RawSpan,
        _ type: Number.Type,
    ) -> [Int] {
        let size = MemoryLayout<Number>.size
        return (0..<bytes.byteCount / size).map { index in
            Int(unsafe Number(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index * size, as: Number.self)))
        }
    }

    private func weight(
        _ name: String,
        expectedShape: [Int]?,
    ) throws(CheckpointError) -> (TensorEntry, WeightKind) {
        let entry = try entry(name, expectedShape: expectedShape)
        guard let kind = entry.dtype.weightKind else { throw wrongDType(entry, "F16, BF16 or F32") }
        return (entry, kind)
    }

    private func wrongDType(_ entry: TensorEntry, _ expected: String) -> CheckpointError {
        CheckpointError(
            .wrongDType,
            file: name,
            tensor: entry.name,
            offset: entry.byteRange.lowerBound,
            "expected numbers of \(expected), found \(entry.dtype.rawValue)"
        )
    }
}
