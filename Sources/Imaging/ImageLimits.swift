/// How large an image from outside may be; checked before memory is taken for its pixels.
package struct ImageLimits: Hashable, Sendable {
    /// Bytes of the file as received.
    package var maximumBytes: Int
    /// Pixels of one picture, width times height.
    package var maximumPixels: Int
    /// Pixels along either side.
    package var maximumSide: Int

    /// Limits for a server: 64 MiB, 64 megapixels, 32,768 pixels along a side unless said otherwise.
    package init(
        maximumBytes: Int = 64 * 1024 * 1024,
        maximumPixels: Int = 64 * 1024 * 1024,
        maximumSide: Int = 32_768,
    ) {
        self.maximumBytes = maximumBytes
        self.maximumPixels = maximumPixels
        self.maximumSide = maximumSide
    }

    func check(byteCount: Int) throws(ImageError) {
        guard byteCount <= maximumBytes else {
            throw ImageError(
                .tooManyBytes,
                "the image file has \(byteCount) bytes, the limit is \(maximumBytes); send a smaller or compressed one",
            )
        }
    }

    func check(width: Int64, height: Int64) throws(ImageError) {
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, pixels <= maximumPixels, width <= maximumSide, height <= maximumSide else {
            throw ImageError(
                .tooManyPixels,
                "the image is \(width) x \(height), the limits are \(maximumPixels) pixels and \(maximumSide) along a "
                    + "side; send a smaller one",
            )
        }
    }
}
