/// Finds and unpacks the members of a ZIP file in memory: stored or deflated, of bounded size.
struct ZIPArchive {
    /// Bytes that one member may have.
    static let memberLimit = 1 << 30
    /// Members that an archive may have.
    private static let countLimit = 1024

    private struct Member {
        var method: Int
        var checksum: UInt32
        var packed: Int
        var size: Int
        var header: Int
    }

    private let bytes: [UInt8]
    private var members: [String: Member] = [:]

    /// Reads the directory at the archive's end.
    init(_ bytes: [UInt8]) throws(EvaluationError) {
        self.bytes = bytes
        let last = bytes.count - 22
        guard last >= 0,
            let end = stride(from: last, through: max(0, last - 65_535), by: -1).first(where: {
                bytes[$0...].starts(with: [0x50, 0x4B, 0x05, 0x06])
            })
        else { throw Self.broken("an end of its directory") }
        let (count, start) = (Self.number(bytes, end + 10, 2), Self.number(bytes, end + 16, 4))
        guard count <= Self.countLimit, start != Int(UInt32.max) else {
            throw EvaluationError(
                .unsupported,
                "Expected a ZIP file of at most \(Self.countLimit) members below 4 GiB."
            )
        }
        var place = start
        for _ in 0..<count {
            guard place + 46 <= bytes.count, bytes[place...].starts(with: [0x50, 0x4B, 0x01, 0x02]) else {
                throw Self.broken("a whole directory")
            }
            let lengths = [28, 30, 32].map { Self.number(bytes, place + $0, 2) }
            let next = place + 46 + lengths.reduce(0, +)
            guard next <= bytes.count else { throw Self.broken("a whole directory") }
            let name = String(decoding: bytes[place + 46..<place + 46 + lengths[0]], as: UTF8.self)
            members[name] = Member(
                method: Self.number(bytes, place + 10, 2),
                checksum: UInt32(Self.number(bytes, place + 16, 4)),
                packed: Self.number(bytes, place + 20, 4),
                size: Self.number(bytes, place + 24, 4),
                header: Self.number(bytes, place + 42, 4),
            )
            place = next
        }
    }

    /// The names of the members.
    var names: [String] { members.keys.sorted() }

    /// A member's bytes, unpacked and checked.
    func read(_ name: String) throws(EvaluationError) -> [UInt8] {
        guard let member = members[name] else {
            throw EvaluationError(.invalidFile, "Expected a member \(name) in the ZIP file; there is none.")
        }
        guard member.size <= Self.memberLimit else {
            throw EvaluationError(
                .tooLarge,
                "Expected \(name) to unpack to at most \(Self.memberLimit) bytes; it says \(member.size).",
            )
        }
        guard member.header + 30 <= bytes.count, bytes[member.header...].starts(with: [0x50, 0x4B, 0x03, 0x04]) else {
            throw Self.broken("a header of \(name)")
        }
        let start =
            member.header + 30 + Self.number(bytes, member.header + 26, 2) + Self.number(bytes, member.header + 28, 2)
        guard start + member.packed <= bytes.count else { throw Self.broken("all bytes of \(name)") }
        let packed = bytes[start..<start + member.packed]
        let content: [UInt8]?
        switch member.method {
        case 0: content = packed.count == member.size ? Array(packed) : nil
        case 8: content = Zlib.inflate(packed, size: member.size)
        default:
            throw EvaluationError(
                .unsupported,
                "Expected \(name) to be stored or deflated; it is packed by method \(member.method).",
            )
        }
        guard let content, Zlib.checksum(content) == member.checksum else {
            throw Self.broken("\(name) to be whole, of its size and check sum")
        }
        return content
    }

    private static func broken(_ expectation: String) -> EvaluationError {
        EvaluationError(.invalidFile, "Expected \(expectation) in the ZIP file; it is damaged, fetch it again.")
    }

    /// A whole number of some bytes, the least one first.
    private static func number(_ bytes: [UInt8], _ place: Int, _ width: Int) -> Int {
        (0..<width).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }
}
