import Imaging
import Testing

/// Formats are told by their first bytes.
struct ImageFormatTests {
    static let marks: [(ImageFormat, [UInt8])] = [
        (.png, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
        (.jpeg, [0xFF, 0xD8, 0xFF, 0xE0]),
        (.dicom, [UInt8](repeating: 0, count: 128) + Array("DICM".utf8)),
        (.dicom, [0x49, 0x49, 0x2A, 0] + [UInt8](repeating: 0, count: 124) + Array("DICM".utf8)),
        (.webp, Array("RIFF....WEBPVP8 ".utf8)),
        (.tiff, [0x49, 0x49, 0x2A, 0]),
        (.tiff, [0x4D, 0x4D, 0, 0x2B]),
        (.gif, Array("GIF87a".utf8)),
        (.bmp, Array("BM".utf8) + [70, 0, 0, 0, 0, 0, 0, 0]),
        (.jpeg2000, [0, 0, 0, 0x0C, 0x6A, 0x50, 0x20, 0x20]),
    ]

    @Test("each format is known by its mark, and not by its first byte", arguments: marks)
    func mark(_ format: ImageFormat, _ bytes: [UInt8]) {
        #expect(ImageFormat(sniffing: bytes.span) == format)
        let first = Array(bytes.prefix(1))
        #expect(ImageFormat(sniffing: first.span) == nil)
    }

    @Test(
        "text, nothing and sound are no image",
        arguments: ["", "<html>", "RIFF....WAVE", "BMW is a car maker", "GIF"]
    )
    func noImage(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(ImageFormat(sniffing: bytes.span) == nil)
    }

    @Test("a declared DICOM object needs no mark, but some bytes", arguments: [("", false), ("x", true)])
    func declared(_ text: String, _ isDICOM: Bool) {
        let bytes = Array(text.utf8)
        let format = ImageFormat(sniffing: bytes.span, declaredType: "application/dicom")
        #expect((format == .dicom) == isDICOM)
    }
}
