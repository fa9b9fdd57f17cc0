import Imaging

/// The pictures of `dev/make-phantoms.py`, drawn again from the same integer formulas.
enum Phantom: String, Decodable, Sendable {
    case noise
    case edges
    case smooth

    func draw(width: Int, height: Int) -> RasterImage {
        var rgb: [UInt8] = []
        rgb.reserveCapacity(width * height * 3)
        for y in 0..<height {
            for x in 0..<width {
                for channel in 0..<3 {
                    rgb.append(UInt8(truncatingIfNeeded: value(x, y, channel, width, height)))
                }
            }
        }
        return RasterImage(width: width, height: height, rgb: rgb)
    }

    private func value(_ x: Int, _ y: Int, _ channel: Int, _ width: Int, _ height: Int) -> Int {
        switch self {
        case .noise:
            var hash = (x * 374_761_393 + y * 668_265_263 + channel * 2_246_822_519 + 374_761_393) & 0xFFFF_FFFF
            hash = ((hash ^ (hash >> 13)) * 1_274_126_177) & 0xFFFF_FFFF
            return hash >> 24
        case .edges: return (x / 5 + y / 3 + channel) % 2 * 255
        case .smooth:
            let (dx, dy) = (2 * x - width, 2 * y - height)
            return ((dx * dx + dy * dy) / (width + height) + 40 * channel + x * 255 / width) / 2 % 256
        }
    }
}
