/// Finds how a picture is to be turned: the orientation in its Exif data, 1 to 8, or 1 when there is none that is usable.
///
/// Reads the containers itself: a few bytes of each, every offset checked.
enum ExifOrientation {
    static func find(in bytes: Span<UInt8>, format: ImageFormat) -> Int {
        switch format {
        case .jpeg: inJPEG(bytes) ?? 1
        case .png: inPNG(bytes) ?? 1
        case .webp: inWebP(bytes) ?? 1
        default: 1
        }
    }

    /// In the first APP1 segment that begins with `Exif`.
    private static func inJPEG(_ bytes: Span<UInt8>) -> Int? {
        var at = 2
        while at + 4 <= bytes.count, bytes[at] == 0xFF {
            let marker = bytes[at + 1]
            if marker == 0xFF {
                at += 1
                continue
            }
            if marker == 0xDA || marker == 0xD9 { return nil }
            let length = Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
            if marker == 0xE1, matches(bytes, at + 4, exifMark) {
                return inTIFF(bytes, from: at + 10, to: min(bytes.count, at + 2 + length))
            }
            at += 2 + length
        }
        return nil
    }

    /// In the `eXIf` chunk, which may stand on either side of the pixels.
    private static func inPNG(_ bytes: Span<UInt8>) -> Int? {
        var at = 8
        while at + 12 <= bytes.count {
            guard let length = number(bytes, at, 4, bigEndian: true) else { return nil }
            if matches(bytes, at + 4, Array("eXIf".utf8)) {
                return inTIFF(bytes, from: at + 8, to: min(bytes.count, at + 8 + length))
            }
            at += 12 + length
        }
        return nil
    }

    /// In the `EXIF` chunk, with or without the mark that JPEG puts before it.
    private static func inWebP(_ bytes: Span<UInt8>) -> Int? {
        var at = 12
        while at + 8 <= bytes.count {
            guard let length = number(bytes, at + 4, 4, bigEndian: false) else { return nil }
            if matches(bytes, at, Array("EXIF".utf8)) {
                let start = matches(bytes, at + 8, exifMark) ? at + 14 : at + 8
                return inTIFF(bytes, from: start, to: min(bytes.count, at + 8 + length))
            }
            at += 8 + length + length % 2
        }
        return nil
    }

    /// Tag 0x0112 of the first directory of the TIFF structure that Exif data are.
    private static func inTIFF(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int? {
        guard start + 8 <= end else { return nil }
        let data = bytes.extracting(start..<end)
        let bigEndian = data[0] == 0x4D
        guard data[0] == data[1], bigEndian || data[0] == 0x49,
            let directory = number(data, 4, 4, bigEndian: bigEndian),
            let count = number(data, directory, 2, bigEndian: bigEndian)
        else { return nil }
        for entry in 0..<count {
            let at = directory + 2 + 12 * entry
            guard let tag = number(data, at, 2, bigEndian: bigEndian) else { return nil }
            guard tag == 0x0112 else { continue }
            guard number(data, at + 2, 2, bigEndian: bigEndian) == 3,
                let value = number(data, at + 8, 2, bigEndian: bigEndian), 1...8 ~= value
            else { return nil }
            return value
        }
        return nil
    }

    private static let exifMark = Array("Exif\0\0".utf8)

    private static func matches(_ bytes: Span<UInt8>, _ at: Int, _ wanted: [UInt8]) -> Bool {
        at + wanted.count <= bytes.count && wanted.indices.allSatisfy { bytes[at + $0] == wanted[$0] }
    }

    /// Up to four bytes as a number; nil beyond the end.
    private static func number(_ bytes: Span<UInt8>, _ at: Int, _ count: Int, bigEndian: Bool) -> Int? {
        guard at >= 0, at + count <= bytes.count else { return nil }
        return (0..<count).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * (bigEndian ? count - 1 - $1 : $1)) }
    }
}
