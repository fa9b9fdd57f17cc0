/// One array in NumPy's own file format: whole numbers in C order.
struct NumPyArray {
    /// Numbers that an array may have.
    private static let elementLimit = 1 << 30

    /// Length of each dimension.
    let shape: [Int]
    private let data: ArraySlice<UInt8>
    private let width: Int
    private let isSigned: Bool

    /// Reads an array; `name` is what errors call it.
    init(_ bytes: [UInt8], name: String) throws(EvaluationError) {
        guard bytes.count >= 12, bytes.starts(with: [0x93] + Array("NUMPY".utf8)), (1...3).contains(bytes[6]) else {
            throw EvaluationError(.invalidFile, "Expected \(name) to be an array of NumPy's format; it is not.")
        }
        let lengthWidth = bytes[6] == 1 ? 2 : 4
        let length = (0..<lengthWidth).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
        let start = 8 + lengthWidth + length
        guard length <= 65_536, start <= bytes.count else {
            throw EvaluationError(.invalidFile, "Expected \(name) to have a whole header; it is cut short.")
        }
        let header = NumPyHeader(String(decoding: bytes[8 + lengthWidth..<start], as: UTF8.self))
        guard let header, !header.isFortranOrder, let type = Self.types[header.type] else {
            throw EvaluationError(
                .unsupported,
                "Expected \(name) to hold whole numbers, little-endian, in C order; its header says otherwise.",
            )
        }
        var elements = 1
        for length in header.shape {
            let (product, isOver) = elements.multipliedReportingOverflow(by: length)
            guard !isOver, product <= Self.elementLimit else {
                throw EvaluationError(.tooLarge, "Expected \(name) to have at most \(Self.elementLimit) numbers.")
            }
            elements = product
        }
        guard bytes.count - start == elements * type.width else {
            throw EvaluationError(
                .invalidFile,
                "Expected \(elements * type.width) bytes of numbers in \(name), after its shape; "
                    + "\(bytes.count - start) came.",
            )
        }
        shape = header.shape
        data = bytes[start...]
        (width, isSigned) = type
    }

    private static let types: [String: (width: Int, isSigned: Bool)] = [
        "|u1": (1, false), "|i1": (1, true), "<u2": (2, false), "<i2": (2, true), "<u4": (4, false), "<i4": (4, true),
        "<i8": (8, true),
    ]

    /// Whether its numbers are bytes.
    var isBytes: Bool { width == 1 && !isSigned }

    /// The number at a place, counted in C order.
    func number(_ index: Int) -> Int {
        var bits: UInt64 = 0
        for byte in 0..<width { bits |= UInt64(data[data.startIndex + index * width + byte]) << UInt64(8 * byte) }
        let unused = UInt64(64 - 8 * width)
        return isSigned ? Int(Int64(bitPattern: bits << unused) >> Int64(unused)) : Int(truncatingIfNeeded: bits)
    }

    /// Some of its bytes.
    func bytes(_ range: Range<Int>) -> ArraySlice<UInt8> {
        data[data.startIndex + range.lowerBound..<data.startIndex + range.upperBound]
    }
}
