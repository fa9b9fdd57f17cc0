/// The header of a safetensors file: names, kinds, shapes and places of its tensors, all checked against the file.
///
/// A file is eight bytes with the header's length (little-endian), the header in JSON, and the tensors' bytes one
/// after the other: no gap, no overlap, nothing after the last.
struct SafetensorsHeader {
    /// Longer headers are refused, as in the format's reference implementation.
    static let byteLimit = 100_000_000
    private static let prefixBytes = 8

    /// The tensors in the order of their bytes.
    private(set) var entries: [TensorEntry] = []
    /// What the file says about itself.
    private(set) var metadata: [String: String] = [:]

    private let file: String
    private let dataStart: Int

    /// Reads the header of a file.
    ///
    /// - Throws: `truncated` when bytes are lacking, `invalidHeader` for everything else.
    init(of mapped: MappedFile) throws(CheckpointError) {
        file = mapped.name
        guard mapped.byteCount >= Self.prefixBytes else {
            throw CheckpointError(
                .truncated,
                file: file,
                "expected at least \(Self.prefixBytes) bytes, found \(mapped.byteCount)"
            )
        }
        let length = mapped.withBytes(0..<Self.prefixBytes) { bytes in
            bytes.littleEndianInteger
        }
        guard length <= Self.byteLimit else {
            throw CheckpointError(
                .invalidHeader,
                file: file,
                offset: 0,
                "expected a header of at most \(Self.byteLimit) bytes, found a length of \(length); "
                    + "is this a safetensors file?"
            )
        }
        let headerEnd = Self.prefixBytes + Int(length)
        guard headerEnd <= mapped.byteCount else {
            throw CheckpointError(
                .truncated,
                file: file,
                offset: 0,
                "expected a header of \(length) bytes, found \(mapped.byteCount - Self.prefixBytes) bytes after the "
                    + "length; fetch the file again"
            )
        }
        dataStart = headerEnd
        let text = mapped.withBytes(Self.prefixBytes..<headerEnd) { bytes in bytes.array }
        try read(try parse(text))
        try checkPlaces(fileBytes: mapped.byteCount)
    }

    private func parse(_ text: [UInt8]) throws(CheckpointError) -> JSONObject {
        let value: JSONValue
        do {
            value = try JSONParser.parse(text)
        } catch {
            throw CheckpointError(
                .invalidHeader,
                file: file,
                offset: Self.prefixBytes + error.offset,
                "the header is not JSON as expected: expected \(error.expectation)"
            )
        }
        guard case .object(let object) = value else {
            throw CheckpointError(
                .invalidHeader,
                file: file,
                offset: Self.prefixBytes,
                "expected an object, found \(value.kind)"
            )
        }
        return object
    }

    private mutating func read(_ object: JSONObject) throws(CheckpointError) {
        for (name, value) in object.members {
            guard case .object(let fields) = value else {
                throw problem(name, "expected an object for each tensor, found \(value.kind)")
            }
            if name == "__metadata__" {
                for (key, value) in fields.members {
                    guard case .string(let text) = value else {
                        throw problem(name, "expected strings as metadata, found \(value.kind)")
                    }
                    metadata[key] = text
                }
            } else {
                entries.append(try entry(name, fields))
            }
        }
        entries.sort {
            ($0.byteRange.lowerBound, $0.byteRange.upperBound) < ($1.byteRange.lowerBound, $1.byteRange.upperBound)
        }
    }

    private func entry(_ name: String, _ fields: JSONObject) throws(CheckpointError) -> TensorEntry {
        for (key, _) in fields.members where !["dtype", "shape", "data_offsets"].contains(key) {
            throw problem(
                name,
                "expected dtype, shape and data_offsets, found a field \(CheckpointError.quotable(key))"
            )
        }
        guard case .string(let spelling)? = fields["dtype"], let dtype = TensorDType(rawValue: spelling) else {
            if case .string(let spelling)? = fields["dtype"] {
                throw problem(name, "expected a known dtype, found \(CheckpointError.quotable(spelling))")
            }
            throw problem(name, "expected a dtype, found none")
        }
        guard let shape = fields["shape"]?.integers, let count = TensorEntry.elementCount(of: shape) else {
            throw problem(name, "expected a shape of whole numbers of at least zero whose product fits 64 bits")
        }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
        guard !overflow else { throw problem(name, "its byte count does not fit 64 bits") }
        guard let offsets = fields["data_offsets"]?.integers, offsets.count == 2, 0 <= offsets[0],
            offsets[0] <= offsets[1], offsets[1] <= Int.max - dataStart
        else {
            throw problem(name, "expected data_offsets of two numbers, the first from 0 up, the second not below it")
        }
        guard offsets[1] - offsets[0] == bytes else {
            throw problem(
                name,
                at: dataStart + offsets[0],
                "its shape \(TensorEntry.describe(shape)) of \(dtype.rawValue) needs \(bytes) bytes, "
                    + "its data_offsets hold \(offsets[1] - offsets[0])"
            )
        }
        return TensorEntry(
            name: name,
            dtype: dtype,
            shape: shape,
            byteRange: dataStart + offsets[0]..<dataStart + offsets[1]
        )
    }

    /// Every byte after the header must belong to exactly one tensor.
    private func checkPlaces(fileBytes: Int) throws(CheckpointError) {
        var end = dataStart
        for entry in entries {
            let range = entry.byteRange
            guard range.lowerBound == end else {
                throw problem(
                    entry.name,
                    at: range.lowerBound,
                    range.lowerBound < end
                        ? "its bytes overlap the tensor before it, which ends at \(end)"
                        : "there is a gap before its bytes, from \(end)"
                )
            }
            guard range.upperBound <= fileBytes else {
                throw CheckpointError(
                    .truncated,
                    file: file,
                    tensor: entry.name,
                    offset: range.lowerBound,
                    "expected its bytes up to \(range.upperBound), but the file ends at \(fileBytes); fetch it again"
                )
            }
            end = range.upperBound
        }
        guard end == fileBytes else {
            throw CheckpointError(
                .invalidHeader,
                file: file,
                offset: end,
                "expected the file to end with its last tensor, found \(fileBytes - end) more bytes"
            )
        }
    }

    private func problem(_ name: String, at offset: Int? = nil, _ message: String) -> CheckpointError {
        CheckpointError(
            .invalidHeader,
            file: file,
            tensor: CheckpointError.quotable(name),
            offset: offset,
            message
        )
    }
}

extension JSONValue {
    /// The numbers of a list of whole numbers; nil when it is anything else.
    var integers: [Int]? {
        guard case .array(let values) = self else { return nil }
        var result: [Int] = []
        for value in values {
            guard case .integer(let number) = value else { return nil }
            result.append(number)
        }
        return result
    }
}

extension RawSpan {
    /// The unsigned number of the first eight bytes or fewer, little-endian.
    fileprivate var littleEndianInteger: UInt64 {
        var result: UInt64 = 0
        for offset in 0..<Swift.min(8, byteCount) {
            result |= UInt64(unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)) << UInt64(8 * offset)
        }
        return result
    }

    /// A copy of the bytes.
    fileprivate var array: [UInt8] {
        unsafe withUnsafeBytes { unsafe Array($0) }
    }
}
