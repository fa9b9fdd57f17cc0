/// Writes small pictures as PNG, without loss, for data sets that hold bare pixels.
enum PNGWriter {
    /// A picture of 8 bits a channel; `pixels` is row by row, 1 or 3 channels together.
    ///
    /// Nil when the sizes do not fit each other.
    static func encode(_ pixels: ArraySlice<UInt8>, width: Int, height: Int, channels: Int) -> [UInt8]? {
        guard width > 0, height > 0, channels == 1 || channels == 3, pixels.count == width * height * channels else {
            return nil
        }
        var rows: [UInt8] = []
        let stride = width * channels
        for row in 0..<height {
            rows.append(0)  // no filter
            rows += pixels[pixels.startIndex + row * stride..<pixels.startIndex + (row + 1) * stride]
        }
        guard let packed = Zlib.deflate(rows) else { return nil }
        let header = bigEndian(width) + bigEndian(height) + [8, channels == 1 ? 0 : 2, 0, 0, 0]
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            + chunk("IHDR", header) + chunk("IDAT", packed) + chunk("IEND", [])
    }

    private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + content
        return bigEndian(content.count) + body + bigEndian(Int(Zlib.checksum(body)))
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
