/// The report for people.
extension EvaluationReport {
    /// Rows for a table: a heading, all records, then each modality.
    package var rows: [[String]] {
        var rows = [
            [
                "RECORDS", "CLOSED", "ACCURACY", "OPEN", "RECALL", "PRECISION", "F1", "EXACT MATCH", "BLEU-1", "BLEU-2",
                "BLEU-3",
            ]
        ]
        rows.append(Self.row("all", all))
        rows += modalities.map { Self.row($0.name, $0.summary) }
        return rows
    }

    /// Sentences below the table: what was left out, and how answers were found.
    package var notes: [String] {
        var notes: [String] = []
        if let classification {
            notes.append(
                "Classification: \(Self.figure(classification.accuracy)) % right of \(classification.count) pictures."
            )
        }
        if all.closedCount == 0, classification == nil { notes.append("No closed record: no closed figures.") }
        if all.openCount == 0, classification == nil { notes.append("No open record: no open figures.") }
        if unscored > 0 {
            notes.append("Not scored: \(unscored) records whose answer_type is missing or in none of its spellings.")
        }
        notes.append("Predictions were found by \(pairing.rawValue).")
        return notes
    }

    private static func row(_ name: String, _ summary: ScoreSummary) -> [String] {
        let open = summary.open
        let figures = [
            open?.recall, open?.precision, open?.f1, open?.exactMatch, open?.bleu1, open?.bleu2, open?.bleu3,
        ]
        return [name, String(summary.closedCount), figure(summary.closed?.accuracy), String(summary.openCount)]
            + figures.map { figure($0) }
    }

    private static func figure(_ value: Double?) -> String {
        guard let value else { return "-" }
        let hundredths = Int((value * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
