import Router
import Testing

@Suite("Micro-batches of a step")
struct PassCutterTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var rows: [Int]
        var most = 2
        var pieces: [String]
        var testDescription: String { "\(rows) into at most \(most)" }
    }

    static let cases = [
        Case(rows: [], pieces: [""]),
        Case(rows: [1], pieces: ["0:0..<1"]),
        Case(rows: [1, 1, 1, 1, 1, 1, 1], pieces: ["0:0..<1 1:0..<1 2:0..<1 3:0..<1 4:0..<1 5:0..<1 6:0..<1"]),
        Case(
            rows: [1, 1, 1, 1, 1, 1, 1, 1],
            pieces: ["0:0..<1 1:0..<1 2:0..<1 3:0..<1", "4:0..<1 5:0..<1 6:0..<1 7:0..<1"],
        ),
        Case(rows: [255], pieces: ["0:0..<255"]),
        Case(rows: [256], pieces: ["0:0..<128", "0:128..<256"]),
        Case(rows: [300], most: 1, pieces: ["0:0..<300"]),
        Case(rows: [600], most: 4, pieces: ["0:0..<150", "0:150..<300", "0:300..<450", "0:450..<600"]),
        Case(
            rows: [1, 1, 299, 99],
            most: 3,
            pieces: ["0:0..<1 1:0..<1 2:0..<131", "2:131..<264", "2:264..<299 3:0..<99"]
        ),
    ]

    @Test("Rows keep their order, and pieces are of one size", arguments: cases)
    func cut(item: Case) {
        let pieces = PassCutter(most: item.most).cut(item.rows)
        #expect(pieces.map { $0.map { "\($0.part):\($0.rows)" }.joined(separator: " ") } == item.pieces)
    }

    @Test("No row is left out or computed twice")
    func complete() {
        for most in 1...5 {
            for rows in [[1, 500, 3, 77], [400, 400], [1, 1, 1, 129], Array(repeating: 1, count: 33)] {
                let pieces = PassCutter(most: most).cut(rows)
                let seen = pieces.flatMap { $0.flatMap { part in part.rows.map { [part.part, $0] } } }
                #expect(seen == rows.enumerated().flatMap { part, count in (0..<count).map { [part, $0] } })
            }
        }
    }
}
