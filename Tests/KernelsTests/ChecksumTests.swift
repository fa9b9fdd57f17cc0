import Kernels
import TestKit
import Testing

@Suite("Checksum")
struct ChecksumTests {
    private func both(_ bytes: [UInt8], after before: UInt32 = 0) -> [UInt32] {
        [true, false].map { Checksum.crc32c(bytes.span.bytes, after: before, byInstruction: $0) }
    }

    @Test("Known texts have the checksums that everybody gives them, by the instruction and by the tables")
    func known() {
        #expect(both([]) == [0, 0])
        #expect(both(Array("123456789".utf8)) == [0xE306_9283, 0xE306_9283])
        // RFC 3720, B.4.
        #expect(both([UInt8](repeating: 0, count: 32)) == [0x8A91_36AA, 0x8A91_36AA])
        #expect(both([UInt8](repeating: 0xFF, count: 32)) == [0x62A8_AB43, 0x62A8_AB43])
        #expect(both(Array(0..<32)) == [0x46DD_794E, 0x46DD_794E])
    }

    @Test("Both ways give one number for every length, address and beginning")
    func equal() {
        var generator = SeededGenerator(seed: 7)
        let bytes = (0..<9300).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        for start in 0..<9 {
            for count in [0, 1, 7, 8, 9, 63, 64, 65, 255, 3071, 3072, 3073, 3081, 6143, 6144, 8192, 9217] {
                let part = bytes.span.extracting(start..<start + count).bytes
                let numbers = [true, false].map { Checksum.crc32c(part, after: 0x1234_5678, byInstruction: $0) }
                #expect(numbers[0] == numbers[1], "\(count) bytes from \(start)")
            }
        }
    }

    @Test("The checksum of parts, one after another, is that of the whole")
    func parts() {
        let bytes = (0..<100).map { UInt8($0) }
        let first = Checksum.crc32c(bytes.span.extracting(0..<37).bytes)
        let rest = bytes.span.extracting(37..<100).bytes
        #expect(Checksum.crc32c(rest, after: first) == Checksum.crc32c(bytes.span.bytes))
    }

    @Test("One bit more or less is seen wherever it is")
    func flips() {
        let bytes = [UInt8](repeating: 0x5A, count: 64)
        let sound = Checksum.crc32c(bytes.span.bytes)
        for bit in 0..<512 {
            var spoiled = bytes
            spoiled[bit / 8] ^= 1 << (bit % 8)
            #expect(Checksum.crc32c(spoiled.span.bytes) != sound, "bit \(bit)")
        }
    }
}
