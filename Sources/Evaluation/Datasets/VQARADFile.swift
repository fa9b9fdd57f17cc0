internal import Shared

/// Reads VQA-RAD's one JSON file.
enum VQARADFile {
    /// The records of a part, `train` or `test`; nil for all.
    ///
    /// The publisher marks the test part in `phrase_type`: `test_freeform` and `test_para`. Answers may be numbers, and
    /// answer types have blanks behind them here and there.
    static func parse(_ bytes: [UInt8], split: String?) throws(EvaluationError) -> [EvaluationRecord] {
        if let split, split != "train", split != "test" {
            throw EvaluationError(.unsupported, "Expected --split train or test for vqa-rad; another word came.")
        }
        var records: [EvaluationRecord] = []
        for (index, value) in try InputFile.jsonList(bytes).enumerated() {
            let number = index + 1
            let fields = try RecordFields(value, subject: "record \(number)", code: .invalidRecord)
            if let split {
                let phrase = PythonText.stripped(try fields.requiredText("phrase_type"))
                guard (split == "test") == phrase.hasPrefix("test") else { continue }
            }
            guard let answer = try fields.word("answer") else { throw fields.missing("answer") }
            let image = try fields.requiredText("image_name")
            let type = try fields.text("answer_type").map(PythonText.stripped)
            records.append(
                EvaluationRecord(
                    number: number,
                    id: try fields.word("qid"),
                    picture: .file(try ImagePath.checked(image, field: "image_name", of: number)),
                    question: PythonText.stripped(try fields.requiredText("question")),
                    answer: PythonText.stripped(answer),
                    kind: type.flatMap(AnswerKind.init(spelling:)),
                )
            )
        }
        return try Dataset.some(records, of: split ?? "all")
    }
}
