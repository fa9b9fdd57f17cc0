internal import Foundation

/// The predictions file of a run: goes on where an earlier run stopped, and has each answer on disk before the next.
///
/// One owner, one thread. Answers are added as they come; `putInOrder` brings the file into the records' order, in which
/// the published scorer pairs them.
package final class PredictionLog {
    private let path: String
    private let handle: FileHandle
    /// Answers by the number of their record.
    package private(set) var answers: [Int: Prediction] = [:]
    private var order: [Int] = []

    /// Opens a file, or makes it, for the run of some records by one model in one mode.
    ///
    /// Throws `mismatch` when the file holds answers to other records, of another model or in another mode: nothing is
    /// mixed and nothing overwritten. Answers to records beyond these, from a run without a limit, stay.
    package init(
        path: String,
        records: [EvaluationRecord],
        modelID: String,
        mode: String,
    ) throws(EvaluationError) {
        self.path = path
        let exists = FileManager.default.fileExists(atPath: path)
        let bytes = exists ? try InputFile.read(path) : []
        let (predictions, length) = try PredictionFile.parseUnfinished(bytes)
        let byNumber = Dictionary(records.map { ($0.number, $0) }) { first, _ in first }
        for (index, prediction) in predictions.enumerated() {
            guard let origin = prediction.origin else {
                throw Self.mismatch(path, "line \(index + 1) was not written by `medmoe eval`")
            }
            guard prediction.modelID == modelID else {
                throw Self.mismatch(path, "line \(index + 1) is an answer of another model than \(modelID)")
            }
            guard origin.mode == mode else {
                throw Self.mismatch(path, "line \(index + 1) was made in another mode than \(mode)")
            }
            if let record = byNumber[origin.record] {
                guard prediction.questionID == record.questionID, prediction.prompt == record.question else {
                    throw Self.mismatch(path, "line \(index + 1) answers another question than record \(origin.record)")
                }
            }
            guard answers.updateValue(prediction, forKey: origin.record) == nil else {
                throw Self.mismatch(path, "line \(index + 1) answers record \(origin.record) again")
            }
            order.append(origin.record)
        }
        if !exists, !FileManager.default.createFile(atPath: path, contents: nil) {
            throw Self.unwritable(path)
        }
        guard let handle = FileHandle(forUpdatingAtPath: path) else { throw Self.unwritable(path) }
        self.handle = handle
        do {
            try handle.truncate(atOffset: UInt64(length))
            try handle.seekToEnd()
        } catch {
            throw Self.unwritable(path)
        }
    }

    deinit { try? handle.close() }

    /// Writes one more answer.
    package func add(_ prediction: Prediction) throws(EvaluationError) {
        guard let origin = prediction.origin, answers[origin.record] == nil else { return }
        do {
            try handle.write(contentsOf: PredictionFile.line(prediction))
        } catch {
            throw Self.unwritable(path)
        }
        answers[origin.record] = prediction
        order.append(origin.record)
    }

    /// Writes the file anew in the records' order, if it is not; an interruption leaves the one or the other.
    package func putInOrder() throws(EvaluationError) {
        let sorted = order.sorted()
        guard sorted != order else { return }
        let content = sorted.compactMap { answers[$0] }.flatMap(PredictionFile.line)
        do {
            try Data(content).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw Self.unwritable(path)
        }
        order = sorted
    }

    private static func mismatch(_ path: String, _ what: String) -> EvaluationError {
        let name = URL(filePath: path).lastPathComponent
        return EvaluationError(
            .mismatch,
            "Expected \(name) to hold answers of this very run, but \(what); give another file with --out.",
        )
    }

    private static func unwritable(_ path: String) -> EvaluationError {
        EvaluationError(.unreadableFile, "Expected to write \(path); that failed, look at its folder and rights.")
    }
}
