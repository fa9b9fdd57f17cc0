internal import Evaluation
internal import Foundation

/// Has a server answer records, several at once, and keeps what was answered.
struct EvaluationRunner: Sendable {
    /// What became of the records that were asked.
    struct Outcome: Sendable {
        var predictions: [Prediction] = []
        var unanswered = 0
        var firstFailure: String?
    }

    let client: EvaluationClient
    let records: [EvaluationRecord]
    let mode: String
    let concurrency: Int
    /// The predictions file, if any.
    let out: String?

    /// Failures in a row after which nothing more is asked: the server is gone, or the data is wrong throughout.
    private static let failuresInARow = 16

    /// Asks for what the file does not hold yet.
    func run() async throws -> Outcome {
        let model = try await client.modelID()
        let log = try out.map { try PredictionLog(path: $0, records: records, modelID: model, mode: mode) }
        var answers = log?.answers ?? [:]
        let open = records.filter { answers[$0.number] == nil }
        var progress = EvaluationProgress(total: records.count, done: records.count - open.count)
        var outcome = Outcome()
        var (next, failures) = (0, 0)
        try await withThrowingTaskGroup(of: (EvaluationRecord, Result<EvaluationClient.Answer, any Error>).self) {
            group in
            func start() {
                guard next < open.count, failures < Self.failuresInARow else { return }
                let record = open[next]
                next += 1
                group.addTask { (record, await ask(record, model: model)) }
            }
            for _ in 0..<concurrency { start() }
            while let (record, result) = try await group.next() {
                switch result {
                case .success(let answer):
                    let prediction = Prediction(
                        questionID: record.questionID,
                        prompt: record.question,
                        text: answer.text,
                        answerID: answer.id,
                        modelID: model,
                        origin: .init(record: record.number, mode: mode),
                    )
                    try log?.add(prediction)
                    answers[record.number] = prediction
                    failures = 0
                case .failure(let error):
                    failures += 1
                    outcome.firstFailure = outcome.firstFailure ?? "\(error)"
                }
                progress.note(isAnswered: answers[record.number] != nil)
                start()
            }
        }
        progress.finish()
        try log?.putInOrder()
        outcome.predictions = records.compactMap { answers[$0.number] }
        outcome.unanswered = records.count - outcome.predictions.count
        return outcome
    }

    private func ask(_ record: EvaluationRecord, model: String) async -> Result<EvaluationClient.Answer, any Error> {
        do {
            return .success(try await client.answer(record, model: model))
        } catch {
            return .failure(error)
        }
    }
}
