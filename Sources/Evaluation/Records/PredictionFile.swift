internal import Foundation
internal import Shared

/// Reads and writes predictions: one JSON object on each line.
package enum PredictionFile {
    /// Bytes that one line may have.
    static let lineLimit = 1 << 20
    /// How each line of ours begins.
    private static let lineStart = Array("{\"question_id\":".utf8)

    /// All predictions of a complete file; throws for the first line that is wrong.
    package static func parse(_ bytes: [UInt8]) throws(EvaluationError) -> [Prediction] {
        var predictions: [Prediction] = []
        for (index, line) in lines(bytes).enumerated() where !line.allSatisfy(isSpace) {
            predictions.append(try prediction(line, number: index + 1))
        }
        guard !predictions.isEmpty else {
            throw EvaluationError(.invalidPrediction, "Expected at least one prediction; the file has none.")
        }
        return predictions
    }

    /// The predictions of a file that a run may have left unfinished, and the bytes that they take.
    ///
    /// A last line without its end counts as not written, if it begins as our lines do. Every other line that is wrong is
    /// an error: the file is somebody else's, and nothing of it is to be lost.
    package static func parseUnfinished(
        _ bytes: [UInt8]
    ) throws(EvaluationError) -> (predictions: [Prediction], length: Int) {
        var predictions: [Prediction] = []
        var length = 0
        let all = lines(bytes)
        for (index, line) in all.enumerated() {
            let end = length + line.count + 1
            guard end <= bytes.count else {
                guard lineStart.starts(with: line) || line.starts(with: lineStart) else {
                    throw EvaluationError(
                        .invalidPrediction,
                        "Expected line \(index + 1) to be a prediction, or the beginning of one; it is something else.",
                    )
                }
                break
            }
            if !line.allSatisfy(isSpace) { predictions.append(try prediction(line, number: index + 1)) }
            length = end
        }
        return (predictions, length)
    }

    /// One prediction as a line, with its end.
    package static func line(_ prediction: Prediction) -> [UInt8] {
        var metadata: [(String, JSONValue)] = []
        if let origin = prediction.origin {
            metadata = [("record", .integer(origin.record)), ("mode", .string(origin.mode))]
        }
        let object = JSONObject([
            ("question_id", prediction.questionID.map(JSONValue.string) ?? .null),
            ("prompt", .string(prediction.prompt ?? "")),
            ("text", .string(prediction.text)),
            ("answer_id", prediction.answerID.map(JSONValue.string) ?? .null),
            ("model_id", prediction.modelID.map(JSONValue.string) ?? .null),
            ("metadata", .object(JSONObject(metadata))),
        ])
        return JSONText.bytes(.object(object)) + [0x0A]
    }

    private static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

    private static func prediction(_ line: ArraySlice<UInt8>, number: Int) throws(EvaluationError) -> Prediction {
        guard line.count <= lineLimit else {
            throw EvaluationError(
                .tooLarge,
                "Expected line \(number) to have at most \(lineLimit) bytes; it has \(line.count).",
            )
        }
        let value: JSONValue
        do {
            value = try JSONParser.parse(Array(line))
        } catch {
            throw EvaluationError(
                .invalidPrediction,
                "Expected a JSON object on line \(number); at its byte \(error.offset) this was expected: "
                    + "\(error.expectation).",
            )
        }
        let fields = try RecordFields(value, subject: "line \(number)", code: .invalidPrediction)
        return Prediction(
            questionID: try fields.word("question_id"),
            prompt: try fields.text("prompt"),
            text: try fields.requiredText("text"),
            answerID: try fields.word("answer_id"),
            modelID: try fields.word("model_id"),
            origin: origin(fields["metadata"]),
        )
    }

    /// Our own metadata; anything else there is somebody else's and of no concern.
    private static func origin(_ value: JSONValue?) -> Prediction.Origin? {
        guard case .object(let object) = value, case .integer(let record) = object["record"],
            case .string(let mode) = object["mode"]
        else { return nil }
        return Prediction.Origin(record: record, mode: mode)
    }
}
