/// A picture in memory: 8-bit RGB, row by row from the top, no padding between rows.
package struct RasterImage: Hashable, Sendable {
    /// Pixels in a row, at least 1.
    package let width: Int
    /// Rows, at least 1.
    package let height: Int
    /// Red, green and blue of each pixel: `width * height * 3` bytes.
    package let rgb: [UInt8]

    /// Takes pixels that are known to fit their size.
    package init(width: Int, height: Int, rgb: [UInt8]) {
        precondition(width > 0 && height > 0 && rgb.count == width * height * 3, "a picture needs three bytes a pixel")
        self.width = width
        self.height = height
        self.rgb = rgb
    }
}
