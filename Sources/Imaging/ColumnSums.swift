/// For each kept column the part of its sum that is the same in every row, and the part that is not.
///
/// Sums are of integers, so they may be split: padding to the left and right adds the same amount to every row of a
/// column, and only the picture's own pixels are left to be read.
struct ColumnSums {
    struct Column {
        /// Where the sums of red, green and blue begin: a half plus what the padding adds.
        let start: (red: Int32, green: Int32, blue: Int32)
        /// The finished sums of a row that is padding from end to end.
        let padding: (red: Int32, green: Int32, blue: Int32)
        /// The first column of the picture that is read.
        let source: Int
        /// The weights, by position in `ResizeWeights.weights`, of that column and its neighbours to the right.
        let taps: Range<Int>
    }

    let columns: [Column]

    /// - Parameter fill: the padding's red, green and blue.
    init(plan: CropPlan, imageWidth: Int, fill: [Int32]) {
        let weights = plan.columnWeights
        columns = weights.windows.indices.map { index in
            let window = weights.windows[index]
            let real = window.clamped(to: plan.left..<(plan.left + imageWidth))
            let first = weights.offsets[index] + real.lowerBound - window.lowerBound
            let taps = real.isEmpty ? 0..<0 : first..<(first + real.count)
            let all = weights.weights[weights.offsets[index]..<(weights.offsets[index] + window.count)].reduce(0, &+)
            let padded = all &- weights.weights[taps].reduce(0, &+)
            func sums(_ weight: Int32) -> (red: Int32, green: Int32, blue: Int32) {
                let half = ResizeWeights.half
                return (half &+ weight &* fill[0], half &+ weight &* fill[1], half &+ weight &* fill[2])
            }
            return Column(start: sums(padded), padding: sums(all), source: real.lowerBound - plan.left, taps: taps)
        }
    }
}
