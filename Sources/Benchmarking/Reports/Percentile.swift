/// Percentiles as NumPy computes them by default: linear between the two nearest ranks.
package enum Percentile {
    /// The value below which `percent` of 100 lie, of values in ascending order; nil without values.
    package static func value(_ percent: Double, ofSorted values: [Float]) -> Double? {
        guard let last = values.last else { return nil }
        let rank = min(max(percent, 0), 100) / 100 * Double(values.count - 1)
        let below = Int(rank)
        guard below + 1 < values.count else { return Double(last) }
        let (low, high) = (Double(values[below]), Double(values[below + 1]))
        return low + (high - low) * (rank - Double(below))
    }

    /// Its name in reports: `p50`, `p99.9`.
    package static func name(_ percent: Double) -> String {
        "p" + (Int(exactly: percent).map(String.init) ?? String(percent))
    }

    /// Reads a list such as `50,90,99`; nil unless it is 1 to 16 different numbers from 0 to 100.
    package static func list(_ text: String) -> [Double]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Double($0) }.filter { (0...100).contains($0) }
        guard numbers.count == parts.count, (1...16).contains(numbers.count), Set(numbers).count == numbers.count
        else { return nil }
        return numbers
    }
}
