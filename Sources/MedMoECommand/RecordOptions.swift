internal import ArgumentParser
internal import Evaluation
internal import Foundation

/// Which records, and in which form: the options that `eval` and `score` share.
struct RecordOptions: ParsableArguments {
    @Option(help: "The records: a data file in the form of --dataset.")
    var data: String

    @Option(
        help: """
            auto, medmoe, vqa-rad, slake (English), pathvqa (.pkl) or medmnist (.npz), each as its publisher ships it; \
            auto tells it from the file.
            """
    )
    var dataset = "auto"

    @Option(help: "The part: train or test of vqa-rad; train, val or test of pathvqa and medmnist.")
    var split: String?

    @Option(help: "medmnist: a file of label texts, one on each line, in the order of their numbers.")
    var labels: String?

    @Option(help: "medmnist: the question put with each picture.")
    var prompt: String?

    @Option(help: "Take only so many records from the beginning.")
    var limit: Int?

    func validate() throws {
        guard dataset == "auto" || DatasetKind(rawValue: dataset) != nil else {
            let words = ["auto"] + DatasetKind.allCases.map(\.rawValue)
            throw ValidationError("--dataset is one of \(words.joined(separator: ", ")).")
        }
        if let limit, limit < 1 { throw ValidationError("--limit is at least 1.") }
    }

    func read() throws -> (records: [EvaluationRecord], labels: [String]) {
        var options = Dataset.Options()
        options.kind = DatasetKind(rawValue: dataset)
        options.split = split
        options.labels = try labels.map { try LabelFile.parse(InputFile.read($0, limit: 1 << 20)) }
        options.prompt = prompt
        let name = URL(filePath: data).lastPathComponent
        let set = try Dataset(InputFile.read(data), name: name, options: options)
        return (limit.map { Array(set.records.prefix($0)) } ?? set.records, set.labels)
    }
}
