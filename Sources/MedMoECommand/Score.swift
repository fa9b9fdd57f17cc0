internal import ArgumentParser
internal import Evaluation
internal import Shared

/// `medmoe score`: predictions against the expected answers.
struct Score: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Score predictions against the expected answers.",
        discussion: """
            By the algorithm of the published evaluator: closed questions by whether the
            expected text occurs in the answer, open ones by overlap of words and BLEU;
            all of them together and by modality, in percent. Predictions are found by
            question_id when both files have ids, each once; else by position.

            EXAMPLES
              medmoe score --data val.json --predictions predictions.jsonl
              medmoe score --data test.json --dataset slake \\
                  --predictions predictions.jsonl --json
            """,
    )

    @OptionGroup var records: RecordOptions

    @Option(help: "The predictions, one JSON object on each line.")
    var predictions: String

    @Flag(help: "Print the figures as JSON.")
    var json = false

    func run() throws {
        let report = try EvaluationReport(
            records: records.read().records,
            predictions: PredictionFile.parse(InputFile.read(predictions)),
        )
        print(report.text(json: json))
    }
}

extension EvaluationReport {
    /// What the commands print.
    func text(json isJSON: Bool) -> String {
        guard !isJSON else { return String(decoding: JSONText.bytes(json), as: UTF8.self) }
        return TextTable.render(rows) + "\n\n" + notes.joined(separator: "\n")
    }
}
