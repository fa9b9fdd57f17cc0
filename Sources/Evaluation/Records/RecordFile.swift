internal import Shared

/// Reads the Med-MoE record format: a JSON list of questions with their conversations.
package enum RecordFile {
    /// Where a picture stands in a question.
    static let imageMarker = "<image>"

    /// The records that bytes hold; throws for the first that is wrong.
    package static func parse(_ bytes: [UInt8]) throws(EvaluationError) -> [EvaluationRecord] {
        var records: [EvaluationRecord] = []
        for (index, value) in try InputFile.jsonList(bytes).enumerated() {
            records.append(try record(value, number: index + 1))
        }
        return records
    }

    private static func record(_ value: JSONValue, number: Int) throws(EvaluationError) -> EvaluationRecord {
        let fields = try RecordFields(value, subject: "record \(number)", code: .invalidRecord)
        // The published readers take the misspelt name too: data files have it.
        guard let name = fields.first("conversations", "conversatons") else { throw fields.missing("conversations") }
        let turns = try fields.list(name)
        guard turns.count >= 2 else {
            throw fields.invalid(name, "to hold a question and its answer; it has \(turns.count) entries")
        }
        let question = try turn(turns[0], index: 0, from: "human", name: name, number: number)
        let answer = try turn(turns[1], index: 1, from: "gpt", name: name, number: number)
        let image = try fields.text("image")
        let path = try image.map { text throws(EvaluationError) in
            EvaluationRecord.Picture.file(try ImagePath.checked(text, field: "image", of: number))
        }
        // A missing or unknown type is no error: the published scorer passes over such records in silence, ours counts.
        return EvaluationRecord(
            number: number,
            id: try fields.word(fields.first("id", "question_id") ?? "id"),
            picture: path,
            question: PythonText.stripped(question.replacing(imageMarker, with: "")),
            answer: answer,
            kind: try fields.text("answer_type").flatMap(AnswerKind.init(spelling:)),
            modality: try fields.text("modality"),
        )
    }

    private static func turn(
        _ value: JSONValue,
        index: Int,
        from speaker: String,
        name: String,
        number: Int,
    ) throws(EvaluationError) -> String {
        let subject = "`\(name)[\(index)]` of record \(number)"
        let fields = try RecordFields(value, subject: subject, code: .invalidRecord)
        guard try fields.requiredText("from") == speaker else {
            throw fields.invalid("from", "to be \"\(speaker)\"; another value came")
        }
        return try fields.requiredText("value")
    }
}
