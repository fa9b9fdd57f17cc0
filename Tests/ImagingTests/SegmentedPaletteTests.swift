import Imaging
import Testing

@Suite struct SegmentedPaletteTests {
    /// An element of explicit VR, little-endian.
    private func element(_ group: Int, _ element: Int, _ kind: String, _ value: [UInt8]) -> [UInt8] {
        let tag = bytes(group) + bytes(element) + Array(kind.utf8)
        return tag + (kind == "OW" ? [0, 0] + bytes(value.count) + [0, 0] : bytes(value.count)) + value
    }

    private func bytes(_ number: Int) -> [UInt8] { [UInt8(number & 0xFF), UInt8(number >> 8 & 0xFF)] }

    /// A picture of 8 x 8 with a palette of 256 entries in these segments.
    private func picture(segments: [Int]) -> [UInt8] {
        let syntax = element(2, 0x10, "UI", Array("1.2.840.10008.1.2.1\0".utf8))
        var file = [UInt8](repeating: 0, count: 128) + Array("DICM".utf8)
        file += element(2, 0, "UL", bytes(syntax.count) + [0, 0]) + syntax
        file += element(0x28, 2, "US", bytes(1)) + element(0x28, 4, "CS", Array("PALETTE COLOR ".utf8))
        for (tag, number) in [(0x10, 8), (0x11, 8), (0x100, 8), (0x101, 8), (0x102, 7), (0x103, 0)] {
            file += element(0x28, tag, "US", bytes(number))
        }
        for tag in 0x1101...0x1103 { file += element(0x28, tag, "US", bytes(256) + bytes(0) + bytes(16)) }
        for tag in 0x1221...0x1223 { file += element(0x28, tag, "OW", segments.flatMap(bytes)) }
        return file + element(0x7FE0, 0x10, "OW", (0..<64).map { UInt8($0) })
    }

    @Test("A palette in segments is read; one with a segment that says nothing is refused")
    func emptySegment() throws {
        let values = [0, 256] + (0..<256).map { $0 * 257 }
        let image = try ImageDecoder.decode(picture(segments: values)).image
        #expect(Array(image.rgb.prefix(6)) == [0, 0, 0, 1, 1, 1])
        let error = #expect(throws: ImageError.self) { try ImageDecoder.decode(picture(segments: [0, 0] + values)) }
        #expect(error?.code == .corrupt)
    }
}
