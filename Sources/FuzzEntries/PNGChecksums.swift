/// Puts the checksums of a PNG's chunks right, so that a change within a chunk gets past them.
enum PNGChecksums {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }

    /// The file with right checksums as far as its chunks can be followed; nil when nothing had to be changed.
    static func mended(_ file: [UInt8]) -> [UInt8]? {
        var result = file
        var start = 8
        while start + 12 <= file.count {
            let length = file[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
            let end = start + 8 + length
            guard end + 4 <= file.count else { break }
            let sum = checksum(of: file[start + 4..<end])
            for place in 0..<4 { result[end + place] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * place)) }
            start = end + 4
        }
        return result == file ? nil : result
    }

    private static func checksum(of bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ ($0 >> 8) }
    }
}
