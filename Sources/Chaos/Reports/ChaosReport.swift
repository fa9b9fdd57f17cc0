package import Shared

/// All rows of a run.
package struct ChaosReport: Sendable {
    /// What everything was drawn from.
    package var seed: UInt64
    /// The rows, in the order in which they were tried.
    package var rows: [ChaosRow]

    /// Puts rows together.
    package init(seed: UInt64, rows: [ChaosRow]) {
        self.seed = seed
        self.rows = rows
    }

    /// Whether every row is good; what could not be tried does not count.
    package var isGood: Bool { rows.allSatisfy(\.isGood) }

    /// The table for people, with what was not kept or not tried below it.
    package var text: String {
        var lines = [
            ["FAULT", "REQUESTS", "FAILED", "DEGRADED", "WRONG", "HUNG", "WORST", "CALM", "RECOVERY", "VERDICT"]
        ]
        for row in rows {
            guard row.unavailable == nil else {
                lines.append([row.fault, "-", "-", "-", "-", "-", "-", "-", "-", "not available"])
                continue
            }
            let tally = row.tally
            lines.append(
                [row.fault]
                    + [tally.requests, tally.failed, tally.degraded, tally.wrong, tally.hung].map(String.init)
                    + [Self.words(tally.worst), Self.words(row.calmWorst), Self.words(row.recovery)]
                    + [row.isGood ? "good" : "BAD"]
            )
        }
        var notes: [String] = []
        for row in rows {
            if let reason = row.unavailable { notes.append("\(row.fault): not available: \(reason)") }
            notes += row.broken.map { "\(row.fault): \($0)" }
            if let note = row.note { notes.append("\(row.fault): \(note)") }
            if !row.tally.codes.isEmpty {
                let codes = row.tally.codes.sorted { $0.key < $1.key }.map { "\($0.key) ×\($0.value)" }
                notes.append("\(row.fault): failures: \(codes.joined(separator: ", "))")
            }
        }
        return TextTable.render(lines) + "\n" + notes.map { "\n" + $0 }.joined() + "\nseed \(seed)"
    }

    /// The same for programs.
    package var json: JSONValue {
        .object(
            JSONObject([
                ("seed", .string(String(seed))), ("good", .bool(isGood)),
                ("rows", .array(rows.map(Self.json))),
            ])
        )
    }

    private static func json(_ row: ChaosRow) -> JSONValue {
        let tally = row.tally
        let codes = tally.codes.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.integer($0.value)) }
        return .object(
            JSONObject([
                ("fault", .string(row.fault)), ("available", .bool(row.unavailable == nil)),
                ("requests", .integer(tally.requests)), ("failed", .integer(tally.failed)),
                ("degraded", .integer(tally.degraded)), ("wrong", .integer(tally.wrong)),
                ("hung", .integer(tally.hung)), ("worst_ms", milliseconds(tally.worst)),
                ("calm_worst_ms", milliseconds(row.calmWorst)), ("recovery_ms", milliseconds(row.recovery)),
                ("failures", .object(JSONObject(codes))), ("broken", .array(row.broken.map { .string($0) })),
                ("note", (row.unavailable ?? row.note).map { .string($0) } ?? .null), ("good", .bool(row.isGood)),
            ])
        )
    }

    private static func milliseconds(_ duration: Duration?) -> JSONValue {
        duration.map { .integer(Int($0.milliseconds)) } ?? .null
    }

    private static func words(_ duration: Duration?) -> String {
        duration.map { "\(Int($0.milliseconds)) ms" } ?? "-"
    }
}
