import Benchmarking
import Foundation
import Testing

@Suite("Thresholds")
struct ThresholdsTests {
    static func thresholds(_ text: String) throws -> Thresholds { try Thresholds(json: Array(text.utf8)) }

    @Test("A figure at its threshold passes, one below is named with both numbers, rounded down")
    func check() throws {
        let thresholds = try Self.thresholds(#"{"a": 0.6, "b": 0.5, "c": 1}"#)
        let good = try thresholds.check([("a", 0.6), ("b", 0.7), ("c", 1)])
        #expect(good.below.isEmpty && good.notMeasured.isEmpty)
        let outcome = try thresholds.check([("a", 0.5999), ("b", .nan), ("c", 1.2), ("other", 0)])
        #expect(outcome.below == ["a is 0.599, below 0.600.", "b is nan, below 0.500."])
        #expect(outcome.notMeasured.isEmpty)
    }

    @Test("A figure that this CPU cannot be measured by is told apart, and an unknown one is refused")
    func absent() throws {
        let thresholds = try Self.thresholds(#"{"a": 0.6}"#)
        let outcome = try thresholds.check([("a", nil)])
        #expect(outcome.below.isEmpty && outcome.notMeasured == ["a"])
        #expect(throws: Thresholds.Failure.self) { try thresholds.check([("b", 0.7)]) }
    }

    @Test("A file of anything but shares is refused by the name of what is wrong")
    func refused() {
        let lists = [#"{"a": 0}"#, #"{"a": 1.5}"#, #"{"a": "x"}"#, #"{"a": -1}"#, #"{"a": 0.5, "a": 1}"#]
        for text in ["", "[]", "{}"] + lists {
            #expect(throws: Thresholds.Failure.self, "\(text)") { try Self.thresholds(text) }
        }
    }

    @Test("The thresholds that come along can be read")
    func file() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let bytes = try Data(contentsOf: root.appending(path: "Benchmarks/thresholds.json"))
        let thresholds = try Thresholds(json: Array(bytes))
        #expect(thresholds.least.count == 18)
    }
}
