import Evaluation
import Foundation

/// Files of `Fixtures/evaluation`, and small bodies written in place.
enum Fixture {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/evaluation")

    static func read(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: name)))
    }

    /// Records in our own form from the insides of a JSON list.
    static func records(_ json: String) throws(EvaluationError) -> [EvaluationRecord] {
        try RecordFile.parse(Array("[\(json)]".utf8))
    }

    /// One record, with more fields, each starting with a comma.
    static func record(
        _ more: String = "",
        question: String = "<image>\\nWhy?",
        answer: String = "so",
        conversations: String = "conversations",
    ) -> String {
        #"{"\#(conversations)":[{"from":"human","value":"\#(question)"},{"from":"gpt","value":"\#(answer)"}]\#(more)}"#
    }

    /// The error that something throws.
    static func error(_ body: () throws -> Void) -> EvaluationError? {
        do {
            try body()
            return nil
        } catch {
            return error as? EvaluationError
        }
    }
}
