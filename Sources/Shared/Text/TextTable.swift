/// Lays rows of words out in columns for a terminal.
package enum TextTable {
    /// The table, first row as the head; columns are two spaces apart.
    package static func render(_ rows: [[String]]) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - cell.count + 2)
            }
            return cells.joined()
        }.joined(separator: "\n")
    }
}
