internal import ArgumentParser
internal import CommandSupport
internal import Evaluation
internal import Foundation

/// `medmoe eval`: a model's answers to the records of a data set, and their score.
struct Eval: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Have a model answer the records of a data set, and score the answers.",
        discussion: """
            Greedy answers in the published prompt form. Pictures are cropped, as by the
            published evaluation; --image-aspect pad fills them up to squares instead, as
            in training. Data sets with labels are classified: the likeliest label counts.

            With --out every answer is written as it comes. Given the same file again, only
            records without an answer are asked. If any record stays unanswered nothing is
            scored and the exit code is 1.

            EXAMPLES
              medmoe eval --model models/medmoe-nano --data val.json --images images
              medmoe eval --url http://127.0.0.1:8080 --data test.json --images imgs \\
                  --out predictions.jsonl --json
              medmoe eval --model models/medmoe-nano --data pneumoniamnist.npz
            """,
    )

    @Option(help: "A checkpoint folder to load into this process.")
    var model: String?

    @Option(help: "The server to ask instead.")
    var url: String?

    @OptionGroup var compute: ComputeOptions

    @OptionGroup var records: RecordOptions

    @Option(help: "The folder that the records' image paths start from.")
    var images: String?

    @Option(help: "The predictions file to write, or to go on with.")
    var out: String?

    @Option(help: "pad or crop: what happens to pictures that are not square.")
    var imageAspect = Trace.Aspect.crop

    @Option(help: "Requests at once.")
    var concurrency = 8

    @Option(help: "Seconds that one answer may take.")
    var deadline = 600

    @Flag(help: "Print the figures as JSON.")
    var json = false

    func validate() throws {
        guard (model == nil) != (url == nil) else { throw ValidationError("Give either --model or --url.") }
        guard (1...256).contains(concurrency) else { throw ValidationError("--concurrency is 1 to 256.") }
        guard (1...86_400).contains(deadline) else { throw ValidationError("--deadline is 1 to 86400.") }
    }

    func run() async throws {
        let (questions, labels) = try records.read()
        guard let model else {
            try await evaluate(url ?? "", questions, labels)
            return
        }
        try await EmbeddedServer.run(model, compute: compute) { try await evaluate($0, questions, labels) }
    }

    private func evaluate(_ url: String, _ questions: [EvaluationRecord], _ labels: [String]) async throws {
        let client = EvaluationClient(
            url: url,
            images: images,
            aspect: imageAspect,
            labels: labels,
            deadline: deadline,
        )
        let choices = labels.isEmpty ? "" : "; choices: " + labels.joined(separator: "|")
        let outcome = try await EvaluationRunner(
            client: client,
            records: questions,
            mode: imageAspect.rawValue + choices,
            concurrency: concurrency,
            out: out,
        ).run()
        guard outcome.unanswered == 0 else {
            throw AskError(
                "Expected an answer to each of \(questions.count) records; \(outcome.unanswered) have none, so nothing "
                    + "is scored (first failure: \(outcome.firstFailure ?? "none")). "
                    + (out == nil ? "Give --out to keep answers." : "Run again with the same --out for the rest."),
            )
        }
        print(try EvaluationReport(records: questions, predictions: outcome.predictions).text(json: json))
    }
}
