/// Cuts the rows of a step into micro-batches, so that one attends while another is at its experts: a pure function.
package struct PassCutter: Sendable, Equatable {
    /// Micro-batches at most; 1 leaves every step whole.
    package var most: Int
    /// Rows that a micro-batch of a step with prompt rows has at least.
    package var promptRows = 128
    /// Rows that a micro-batch of a step without prompt rows has at least.
    package var decodeRows = 4

    /// Cuts into at most `most` micro-batches.
    package init(most: Int) {
        self.most = most
    }

    /// For each micro-batch the parts of the step in it, each with which of its rows; parts keep their order.
    package func cut(_ rows: [Int]) -> [[(part: Int, rows: Range<Int>)]] {
        let total = rows.reduce(0, +)
        let least = rows.contains { $0 > 1 } ? promptRows : decodeRows
        let count = max(1, min(most, total / max(1, least)))
        var pieces: [[(part: Int, rows: Range<Int>)]] = []
        var part = 0
        var first = 0
        for piece in 0..<count {
            var room = total * (piece + 1) / count - total * piece / count
            var content: [(part: Int, rows: Range<Int>)] = []
            while room > 0 {
                let taken = min(room, rows[part] - first)
                if taken > 0 { content.append((part, first..<first + taken)) }
                room -= taken
                first += taken
                if first == rows[part] { (part, first) = (part + 1, 0) }
            }
            pieces.append(content)
        }
        return pieces
    }
}
