extension RasterImage {
    /// A part of the picture, which has to lie within it.
    func cropped(to region: ImageDecodingOptions.Region) -> RasterImage {
        var part: [UInt8] = []
        part.reserveCapacity(region.width * region.height * 3)
        for row in region.y..<region.y + region.height {
            let start = (row * width + region.x) * 3
            part += rgb[start..<start + region.width * 3]
        }
        return RasterImage(width: region.width, height: region.height, rgb: part)
    }

    /// The picture turned upright, given how it lies: 1 to 8 as Exif counts.
    func upright(from orientation: Int) -> RasterImage {
        guard 2...8 ~= orientation else { return self }
        let liesDown = orientation >= 5
        let (columns, rows) = liesDown ? (height, width) : (width, height)
        // Walking along a row of the result, and from row to row, the source moves by these.
        let start: (x: Int, y: Int)
        let along: Int
        let down: Int
        switch orientation {
        case 2: (start, along, down) = ((width - 1, 0), -1, width)
        case 3: (start, along, down) = ((width - 1, height - 1), -1, -width)
        case 4: (start, along, down) = ((0, height - 1), 1, -width)
        case 5: (start, along, down) = ((0, 0), width, 1)
        case 6: (start, along, down) = ((0, height - 1), -width, 1)
        case 7: (start, along, down) = ((width - 1, height - 1), -width, -1)
        default: (start, along, down) = ((width - 1, 0), width, -1)
        }
        var turned = [UInt8](repeating: 0, count: rgb.count)
        let source = rgb.span
        var target = 0
        for row in 0..<rows {
            var from = (start.y * width + start.x + row * down) * 3
            for _ in 0..<columns {
                turned[target] = source[from]
                turned[target + 1] = source[from + 1]
                turned[target + 2] = source[from + 2]
                target += 3
                from += along * 3
            }
        }
        return RasterImage(width: columns, height: rows, rgb: turned)
    }
}
