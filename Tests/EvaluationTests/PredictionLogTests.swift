import Evaluation
import Foundation
import Testing

@Suite("Predictions file of a run")
struct PredictionLogTests {
    static let records = (1...4).map {
        EvaluationRecord(number: $0, id: "r\($0)", picture: nil, question: "q\($0)", answer: "a", kind: .open)
    }

    static func prediction(_ number: Int) -> Prediction {
        Prediction(
            questionID: "r\(number)",
            prompt: "q\(number)",
            text: "t\(number)",
            modelID: "m",
            origin: .init(record: number, mode: "crop")
        )
    }

    static func withFile(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.path + "/medmoe-log-\(UUID().uuidString.prefix(8)).jsonl"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    static func open(
        _ path: String,
        records: [EvaluationRecord] = records,
        modelID: String = "m",
        mode: String = "crop",
    ) throws -> PredictionLog {
        try PredictionLog(path: path, records: records, modelID: modelID, mode: mode)
    }

    static func numbers(_ path: String) throws -> [Int] {
        try PredictionFile.parse(InputFile.read(path)).compactMap { $0.origin?.record }
    }

    @Test("Answers are on disk as they come, and a later run goes on behind them")
    func goesOn() throws {
        try Self.withFile { path in
            let first = try Self.open(path)
            #expect(first.answers.isEmpty)
            try first.add(Self.prediction(3))
            #expect(try Self.numbers(path) == [3])
            try first.add(Self.prediction(1))
            try first.add(Self.prediction(1))
            #expect(try Self.numbers(path) == [3, 1])
            let second = try Self.open(path)
            #expect(second.answers.keys.sorted() == [1, 3])
            #expect(second.answers[3] == Self.prediction(3))
            try second.add(Self.prediction(2))
            try second.add(Self.prediction(4))
            try second.putInOrder()
            #expect(try Self.numbers(path) == [1, 2, 3, 4])
        }
    }

    @Test("A half-written last line is redone", arguments: [1, 10, 60])
    func halfLine(cut: Int) throws {
        try Self.withFile { path in
            let first = try Self.open(path)
            try first.add(Self.prediction(1))
            try first.add(Self.prediction(2))
            let bytes = try InputFile.read(path)
            try Data(bytes.dropLast(cut)).write(to: URL(filePath: path))
            let second = try Self.open(path)
            #expect(second.answers.keys.sorted() == [1])
            try second.add(Self.prediction(2))
            #expect(try InputFile.read(path) == bytes)
        }
    }

    @Test("A file of something else is refused and keeps its bytes", arguments: ["[{}]", "[{}]\n"])
    func foreignFile(content: String) throws {
        try Self.withFile { path in
            try Data(content.utf8).write(to: URL(filePath: path))
            #expect(Fixture.error { _ = try Self.open(path) } != nil)
            #expect(try InputFile.read(path) == Array(content.utf8))
        }
    }

    @Test("Answers to records beyond a limit stay")
    func limit() throws {
        try Self.withFile { path in
            let first = try Self.open(path)
            for number in 1...4 { try first.add(Self.prediction(number)) }
            let second = try Self.open(path, records: Array(Self.records.prefix(2)))
            #expect(second.answers.count == 4)
            #expect(try Self.numbers(path) == [1, 2, 3, 4])
        }
    }

    @Test("A file of another run is refused and stays as it is")
    func mismatch() throws {
        try Self.withFile { path in
            try Self.open(path).add(Self.prediction(1))
            let before = try InputFile.read(path)
            var other = Self.records
            other[0].question = "another"
            var renamed = Self.records
            renamed[0].id = "another"
            let attempts: [() throws -> Void] = [
                { _ = try Self.open(path, records: other) }, { _ = try Self.open(path, records: renamed) },
                { _ = try Self.open(path, modelID: "n") }, { _ = try Self.open(path, mode: "pad") },
            ]
            for attempt in attempts { #expect(Fixture.error(attempt)?.code == .mismatch) }
            #expect(try InputFile.read(path) == before)
            try Data(before + before).write(to: URL(filePath: path))
            #expect(Fixture.error { _ = try Self.open(path) }?.code == .mismatch, "the same record twice")
            try Data("{\"text\":\"a\"}\n".utf8).write(to: URL(filePath: path))
            #expect(Fixture.error { _ = try Self.open(path) }?.code == .mismatch, "from elsewhere")
        }
    }

    @Test("A file that cannot be made is an error")
    func unwritable() {
        #expect(Fixture.error { _ = try Self.open("/no/such/folder/p.jsonl") }?.code == .unreadableFile)
    }
}
