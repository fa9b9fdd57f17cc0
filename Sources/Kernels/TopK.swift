/// Picks the largest columns of a row; ties go to the lower index, as `argmax` and `topk` do on CPUs.
package enum TopK {
    /// Indices of the `k` largest numbers, largest first.
    ///
    /// Not-a-number loses against everything.
    package static func indices(_ row: Span<Float>, k: Int) -> [Int] {
        precondition(k >= 1 && k <= row.count, "top \(k) of \(row.count)")
        var chosen: [Int] = []
        for _ in 0..<k {
            var best: Int?
            for index in 0..<row.count where !chosen.contains(index) {
                guard let current = best else {
                    best = index
                    continue
                }
                if row[index] > row[current] || (row[current].isNaN && !row[index].isNaN) { best = index }
            }
            if let best { chosen.append(best) }
        }
        return chosen
    }
}
