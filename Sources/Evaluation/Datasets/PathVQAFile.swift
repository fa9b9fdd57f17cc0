/// Reads one of PathVQA's `qas/SPLIT/SPLIT_qa.pkl`: a pickled list of image, question and answer.
enum PathVQAFile {
    private static let splits = ["train", "val", "test"]

    /// The records, of one part when it is named.
    ///
    /// Pictures are named without folder and ending, `train_0422`, and ship as `train/train_0422.jpg`. Answers that are
    /// yes or no are closed.
    static func parse(_ bytes: [UInt8], split: String?) throws(EvaluationError) -> [EvaluationRecord] {
        if let split, !splits.contains(split) {
            throw EvaluationError(.unsupported, "Expected --split train, val or test for pathvqa; another word came.")
        }
        guard case .list(let list) = try PickleReader.parse(bytes), !list.isEmpty else {
            throw EvaluationError(
                .invalidFile,
                "Expected a pickled list of questions, as in qas/test/test_qa.pkl; something else came.",
            )
        }
        var records: [EvaluationRecord] = []
        for (index, value) in list.enumerated() {
            let record = try record(value, number: index + 1)
            if let split, record.part != split { continue }
            records.append(record.record)
        }
        return try Dataset.some(records, of: split ?? "all")
    }

    private struct Read {
        var record: EvaluationRecord
        var part: String
    }

    private static func record(_ value: PickleValue, number: Int) throws(EvaluationError) -> Read {
        guard case .dictionary(let fields) = value else {
            throw EvaluationError(.invalidRecord, "Expected record \(number) to be a dictionary; something else came.")
        }
        let image = try text("image", fields, number)
        let (question, answer) = (try text("question", fields, number), try text("answer", fields, number))
        let part = image.split(separator: "_", maxSplits: 1).first.map(String.init) ?? ""
        guard splits.contains(part) else {
            throw EvaluationError(
                .invalidRecord,
                "Expected `image` of record \(number) to begin with train_, val_ or test_; it does not.",
            )
        }
        let path = try ImagePath.checked("\(part)/\(image).jpg", field: "image", of: number)
        let bare = PythonText.stripped(answer)
        return Read(
            record: EvaluationRecord(
                number: number,
                id: nil,
                picture: .file(path),
                question: PythonText.stripped(question),
                answer: bare,
                kind: ["yes", "no"].contains(bare.lowercased()) ? .closed : .open,
            ),
            part: part,
        )
    }

    private static func text(
        _ name: String,
        _ fields: [String: PickleValue],
        _ number: Int,
    ) throws(EvaluationError) -> String {
        switch fields[name] {
        case .text(let text) where text.utf8.count <= RecordFields.textLimit: return text
        case .integer(let value): return String(value)
        default:
            throw EvaluationError(
                .invalidRecord,
                "Expected `\(name)` of record \(number) to be a text of at most \(RecordFields.textLimit) bytes; "
                    + "it is not.",
            )
        }
    }
}
