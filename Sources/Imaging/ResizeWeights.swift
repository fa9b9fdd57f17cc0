/// The weights of a bicubic resize along one axis, in 22-bit fixed point as Pillow rounds them.
///
/// The kernel is Keys' with a = -0.5, stretched by the scale when shrinking. Equality with Pillow needs its roundings
/// in its order: the window's ends truncated to integers after adding a half, weights normalised in double precision,
/// each rounded half away from zero; sums start at a half and are cut to 8 bits.
struct ResizeWeights {
    /// Fractional bits of a weight: 32 less 8 for the pixel and 2 for the overshoot of the kernel.
    static let fractionBits: Int32 = 22

    /// For each computed output, the inputs that it sums over.
    private(set) var windows: [Range<Int>] = []
    /// For each computed output, where its weights begin in `weights`.
    private(set) var offsets: [Int] = []
    /// The weights of all windows, one after another.
    private(set) var weights: [Int32] = []

    /// Weights for the outputs in `range` of an axis of `inputCount` pixels resized to `outputCount`.
    init(inputCount: Int, outputCount: Int, range: Range<Int>) {
        let scale = Double(inputCount) / Double(outputCount)
        let stretch = max(scale, 1)
        let support = 2 * stretch
        for output in range {
            let center = (Double(output) + 0.5) * scale
            let first = max(Int(center - support + 0.5), 0)
            let end = min(Int(center + support + 0.5), inputCount)
            let raw = (first..<max(end, first)).map { Self.kernel((Double($0) - center + 0.5) * (1 / stretch)) }
            let sum = raw.reduce(0, +)
            windows.append(first..<max(end, first))
            offsets.append(weights.count)
            for weight in raw {
                let scaled = (sum == 0 ? weight : weight / sum) * Double(1 << Self.fractionBits)
                weights.append(Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5))
            }
        }
    }

    /// A finished sum as a byte.
    static func byte(_ sum: Int32) -> UInt8 {
        UInt8(clamping: sum >> fractionBits)
    }

    /// Where every sum starts, so that cutting rounds.
    static let half: Int32 = 1 << (fractionBits - 1)

    /// Keys' cubic convolution kernel, a = -0.5; zero from 2 on.
    private static func kernel(_ position: Double) -> Double {
        let a = -0.5
        let x = abs(position)
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
        return 0
    }
}
