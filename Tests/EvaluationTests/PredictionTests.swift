import Evaluation
import Shared
import Testing

@Suite("Predictions and how they are paired")
struct PredictionTests {
    static func parse(_ text: String) throws -> [Prediction] { try PredictionFile.parse(Array(text.utf8)) }

    static func record(_ id: String?, number: Int = 1) -> EvaluationRecord {
        EvaluationRecord(number: number, id: id, picture: nil, question: "q", answer: "a", kind: .open)
    }

    static func prediction(_ id: String?, _ text: String = "a") -> Prediction {
        Prediction(questionID: id, text: text)
    }

    @Test("The published fields are read, and what is not ours is passed over")
    func published() throws {
        let line =
            #"{"question_id": 3, "prompt": "Why?", "text": "so", "answer_id": "x", "model_id": "m", "metadata": {}}"#
        let expected = Prediction(questionID: "3", prompt: "Why?", text: "so", answerID: "x", modelID: "m")
        #expect(try Self.parse(line + "\n\n" + #"{"text":"b","metadata":5}"#) == [expected, Self.prediction(nil, "b")])
    }

    @Test("What is written is read again, line by line, whatever characters it holds")
    func roundTrip() throws {
        let predictions = ["so", "a \"b\"\\ \n\r\t\u{1}", "Sjögren 🩻", ""].enumerated().map { index, text in
            Prediction(
                questionID: "q\(index)",
                prompt: text,
                text: text,
                answerID: "a",
                modelID: "m",
                origin: .init(record: index + 1, mode: "crop")
            )
        }
        let bytes = predictions.flatMap(PredictionFile.line)
        #expect(bytes.count { $0 == 0x0A } == 4)
        #expect(try PredictionFile.parse(bytes) == predictions)
    }

    @Test(
        "A wrong line is named, and its text is not told",
        arguments: ["{", "[]", #"{"text":1}"#, #"{"prompt":"secret"}"#]
    )
    func wrong(line: String) {
        let error = Fixture.error { _ = try Self.parse(#"{"text":"secret"}"# + "\n" + line + "\n" + #"{"text":"a"}"#) }
        #expect(error?.code == .invalidPrediction)
        #expect(error?.message.contains("line 2") == true)
        #expect(error?.message.contains("secret") == false)
    }

    @Test("A last line that is cut short counts as not written")
    func halfWritten() throws {
        let whole = PredictionFile.line(Self.prediction("1")) + PredictionFile.line(Self.prediction("2"))
        for cut in 0..<30 {
            let (predictions, length) = try PredictionFile.parseUnfinished(Array(whole.dropLast(cut)))
            #expect(predictions.count == (cut == 0 ? 2 : 1))
            #expect(length == (cut == 0 ? whole.count : whole.count / 2))
        }
        #expect(try PredictionFile.parseUnfinished([]).length == 0)
    }

    @Test("A wrong line before the last is an error also in an unfinished file")
    func damaged() {
        let bytes = Array("{\n".utf8) + PredictionFile.line(Self.prediction("2"))
        #expect(Fixture.error { _ = try PredictionFile.parseUnfinished(bytes) }?.code == .invalidPrediction)
    }

    @Test(
        "A file that is somebody else's is no half-written line",
        arguments: [#"[{"id": 1, "answer": "x"}]"#, #"[{"id": 1}]"# + "\n", "{\"text\":\n", "notes", "\n\nnotes"]
    )
    func foreign(content: String) {
        let error = Fixture.error { _ = try PredictionFile.parseUnfinished(Array(content.utf8)) }
        #expect(error?.code == .invalidPrediction)
        #expect(error?.message.contains("notes") == false)
    }

    @Test("With ids on both sides, each once, the order does not matter")
    func byID() throws {
        let pairing = try Pairing(
            records: [Self.record("x"), Self.record("y")],
            predictions: [Self.prediction("y", "Y"), Self.prediction("x", "X")]
        )
        #expect(pairing.rule == .id)
        #expect(pairing.predictions.map(\.text) == ["X", "Y"])
    }

    static let byPosition: [([String?], [String?])] = [
        (["x", "x"], ["x", "x"]), ([nil, "y"], ["x", "y"]), (["x", "y"], [nil, nil]), (["x", "y"], ["x", "x"]),
        (["x", "y"], ["0", "1"]), ([nil, nil], ["1", "2"]),
    ]

    @Test("Else the order counts, as in the published scorer", arguments: byPosition)
    func position(records: [String?], predictions: [String?]) throws {
        let pairing = try Pairing(
            records: records.map { Self.record($0) },
            predictions: [Self.prediction(predictions[0], "1st"), Self.prediction(predictions[1], "2nd")]
        )
        #expect(pairing.rule == .position)
        #expect(pairing.predictions.map(\.text) == ["1st", "2nd"])
    }

    @Test("Numbers that differ, and ids of which only some are found, are errors")
    func mismatch() {
        let records = [Self.record("x"), Self.record("y")]
        for predictions in [[Self.prediction("x")], [Self.prediction("x"), Self.prediction("z")]] {
            let error = Fixture.error { _ = try Pairing(records: records, predictions: predictions) }
            #expect(error?.code == .mismatch)
        }
    }
}
