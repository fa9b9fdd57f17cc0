import Evaluation
import Shared
import Testing

@Suite("Reports")
struct ReportTests {
    static func record(_ number: Int, _ kind: AnswerKind?, _ modality: String?, label: Int? = nil) -> EvaluationRecord {
        EvaluationRecord(
            number: number,
            id: nil,
            picture: nil,
            question: "q",
            answer: "yes",
            kind: kind,
            modality: modality,
            label: label
        )
    }

    static func report(_ records: [EvaluationRecord], _ answers: [String]) throws -> EvaluationReport {
        try EvaluationReport(records: records, predictions: answers.map { Prediction(questionID: nil, text: $0) })
    }

    @Test("Figures are in percent, over all and by modality, and what is not scored is counted")
    func whole() throws {
        let report = try Self.report(
            [
                Self.record(1, .closed, "ct"), Self.record(2, .closed, "mri"), Self.record(3, .open, "ct"),
                Self.record(4, nil, "ct"), Self.record(5, .closed, nil),
            ],
            ["yes", "no", "yes", "yes", "yes"]
        )
        let json = String(decoding: JSONText.bytes(report.json), as: UTF8.self)
        #expect(json.hasPrefix(#"{"closed":{"n":3,"accuracy":66.66666666666666,"recall":"#))
        #expect(
            json.contains(
                #""open":{"n":1,"recall":100.0,"precision":100.0,"f1":100.0,"exact_match":100.0,"bleu1":100.0"#
            )
        )
        #expect(json.contains(#""by_modality":{"ct":{"closed":{"n":1,"accuracy":100.0,"#))
        #expect(
            json.contains(
                #""mri":{"closed":{"n":1,"accuracy":0.0,"recall":0.0,"precision":0.0,"f1":0.0},"open":{"n":0,"recall":null,"#
            )
        )
        #expect(json.hasSuffix(#","unscored":1,"pairing":"position"}"#))
        #expect(report.rows.map(\.first) == ["RECORDS", "all", "ct", "mri"])
        #expect(report.rows[1][2] == "66.67")
        #expect(report.rows[3][3...].allSatisfy { $0 == "-" || $0 == "0" })
        #expect(report.notes.contains { $0.contains("1 records") })
    }

    @Test("Records with labels are classified and not scored as questions")
    func classification() throws {
        let records = (1...4).map { Self.record($0, nil, "ct", label: 0) }
        let report = try Self.report(records, ["yes", "yes", "no", "Yes"])
        #expect(report.classification == .init(count: 4, accuracy: 50))
        #expect(report.unscored == 0)
        #expect(report.all.closedCount == 0)
        let json = String(decoding: JSONText.bytes(report.json), as: UTF8.self)
        #expect(json.contains(#""classification":{"n":4,"accuracy":50.0}"#))
    }
}
