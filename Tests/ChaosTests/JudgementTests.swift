import Chaos
import Foundation
import Shared
import Testing

/// What passes for right, and what a table says of it.
@Suite struct JudgementTests {
    static func answer(_ text: String, mass: Double = 3, degraded: Bool = false) -> AnswerFingerprint {
        var answer = AnswerFingerprint()
        answer.text = text
        answer.finishReason = "stop"
        answer.tokens = 3
        answer.gateMass = ["0": mass]
        answer.isDegraded = degraded
        return answer
    }

    static func tally(_ results: [Result<AnswerFingerprint, ChaosFailure>]) -> LoadTally {
        var tally = LoadTally()
        for result in results { tally.note(result, expected: answer("yes"), latency: .milliseconds(5)) }
        return tally
    }

    @Test("Only the expected words with the expected gates are right")
    func right() {
        #expect(Self.tally([.success(Self.answer("yes"))]).right == 1)
        #expect(Self.tally([.success(Self.answer("yes", mass: 3 + 1e-13))]).right == 1, "sums in another order")
        #expect(Self.tally([.success(Self.answer("no"))]).wrong == 1)
        #expect(Self.tally([.success(Self.answer("yes", mass: 3.0001))]).wrong == 1, "other numbers, equal words")
        var short = Self.answer("yes")
        short.tokens = 2
        #expect(Self.tally([.success(short)]).wrong == 1)
        var other = Self.answer("yes")
        other.gateMass = ["1": 3]
        #expect(Self.tally([.success(other)]).wrong == 1)
    }

    @Test("What is marked is degraded and not wrong; what says nothing is hung")
    func marked() {
        let tally = Self.tally([
            .success(Self.answer("perhaps", degraded: true)), .failure(.hung),
            .failure(.told("503 expert_unavailable")),
            .failure(.broken("connection")),
        ])
        #expect(tally.degraded == 1 && tally.wrong == 0 && tally.hung == 1 && tally.failed == 2 && tally.right == 0)
        #expect(tally.codes == ["503 expert_unavailable": 1, "connection": 1])
    }

    @Test("A stream is read to its end: words, gates, mark, and an error in place of the rest")
    func stream() {
        var reader = AnswerReader()
        for event in [
            #"{"choices":[{"delta":{"content":"ye"}}]}"#, #"{"choices":[{"delta":{"content":"s"}}]}"#,
            #"{"choices":[{"delta":{},"finish_reason":"stop"}],"medmoe":{"experts":[{"expert":"0","gate_mass":3}]}}"#,
            #"{"choices":[],"usage":{"completion_tokens":3}}"#, "[DONE]",
        ] {
            let isEvent = reader.take(Array(event.utf8))
            #expect(isEvent)
        }
        #expect(reader.answer.matches(Self.answer("yes")))
        #expect(reader.hasEnded && reader.error == nil)
        var broken = AnswerReader()
        _ = broken.take(Array(#"{"error":{"code":"expert_unavailable","message":"x"}}"#.utf8))
        #expect(broken.error == "expert_unavailable")
        _ = broken.take(Array(#"{"medmoe":{"degraded":true}}"#.utf8))
        #expect(broken.answer.isDegraded)
        let isEvent = broken.take(Array("nonsense".utf8))
        #expect(!isEvent)
    }

    @Test("A row with a wrong or hung answer or a broken promise is bad; one that cannot be tried is not")
    func rows() throws {
        let good = ChaosRow("a", Self.tally([.success(Self.answer("yes"))]))
        let wrong = ChaosRow("b", Self.tally([.success(Self.answer("no"))]))
        let hung = ChaosRow("c", Self.tally([.failure(.hung)]))
        var broken = good
        broken.demand(false, "it was promised")
        let absent = ChaosRow("d", unavailable: "no root")
        #expect(good.isGood && absent.isGood)
        #expect(!wrong.isGood && !hung.isGood && !broken.isGood)
        let report = ChaosReport(seed: 5, rows: [good, wrong, absent])
        #expect(!report.isGood)
        #expect(report.text.contains("not available: no root"))
        #expect(report.text.contains("BAD"))
        let json = JSONText.bytes(report.json)
        let object = try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any]
        #expect(object?["good"] as? Bool == false)
        #expect((object?["rows"] as? [[String: Any]])?.map { $0["wrong"] as? Int } == [0, 1, 0])
        // Another run reads it back.
        let read = LoadTally(report: String(decoding: json, as: UTF8.self))
        #expect(read.requests == 1 && read.wrong == 0)
        #expect(LoadTally(report: "no report").requests == 0)
    }

    @Test("A load that stands still does not pass for one that asked enough")
    func shortfall() async throws {
        let monitor = LoadMonitor()
        try await monitor.wait(forUpTo: 3, within: .zero)
        try await monitor.wait(forMore: 0, within: .zero)
        #expect(ChaosRow("a", monitor.tally).isGood)
        try await monitor.wait(forMore: 3, within: .zero)
        let row = ChaosRow("b", monitor.tally)
        #expect(!row.isGood)
        #expect(row.broken.first?.hasPrefix("only 0 of 3 questions ended") == true)
        var sum = LoadTally()
        sum.add(monitor.tally)
        #expect(sum.shortfalls.count == 1)
    }

    @Test("Questions and faults are those of their seed")
    func seeds() {
        func prompts(_ seed: UInt64) -> [String] { ChaosPrompt.list(24, seed: seed).map { "\($0.tokens) \($0.text)" } }
        #expect(prompts(1) == prompts(1))
        #expect(prompts(1) != prompts(2))
        #expect(Set(prompts(1)).count > 16)
        func faults(_ seed: UInt64) -> [RandomPlan.Fault] {
            var plan = RandomPlan(seed: seed)
            return (0..<100).map { _ in plan.next(nodes: 4) }
        }
        #expect(faults(3) == faults(3))
        #expect(faults(3) != faults(4))
        #expect(Set(faults(3).map(\.kind)) == Set(RandomPlan.Fault.Kind.allCases))
        #expect(faults(3).allSatisfy { (0..<4).contains($0.node) })
        let names = ChaosScenario.all.map(\.name)
        #expect(Set(names).count == names.count)
    }
}
