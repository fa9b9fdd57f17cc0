internal import Shared

/// Reads one of SLAKE's JSON files.
enum SLAKEFile {
    /// The English records; the others ask the same in Chinese.
    static func parse(_ bytes: [UInt8]) throws(EvaluationError) -> [EvaluationRecord] {
        var records: [EvaluationRecord] = []
        for (index, value) in try InputFile.jsonList(bytes).enumerated() {
            let number = index + 1
            let fields = try RecordFields(value, subject: "record \(number)", code: .invalidRecord)
            guard try fields.requiredText("q_lang") == "en" else { continue }
            guard let answer = try fields.word("answer") else { throw fields.missing("answer") }
            let image = try fields.requiredText("img_name")
            records.append(
                EvaluationRecord(
                    number: number,
                    id: try fields.word("qid"),
                    picture: .file(try ImagePath.checked(image, field: "img_name", of: number)),
                    question: PythonText.stripped(try fields.requiredText("question")),
                    answer: PythonText.stripped(answer),
                    kind: try fields.text("answer_type").map(PythonText.stripped)
                        .flatMap(AnswerKind.init(spelling:)),
                    modality: try fields.text("modality"),
                )
            )
        }
        return try Dataset.some(records, of: "en")
    }
}
