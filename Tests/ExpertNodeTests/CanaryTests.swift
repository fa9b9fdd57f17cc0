import ExpertNode
import Kernels
import Model
import Shared
import Testing
import Transport

@Suite("Proofs of experts")
struct CanaryTests {
    static let experts = Nano.experts

    /// A bank in which an expert gives its rows back, as no expert of a model does.
    static func spoiled(_ bank: ExpertBank, _ expert: ExpertID) throws -> ExpertBank {
        bank.adding(ExpertBank(echoing: [expert: try #require(bank.hash(of: expert))]))
    }

    private func checksums() throws -> [ExpertID: UInt32] { try Nano.bank.get().prove(on: ThreadPool(threads: 1)) }

    @Test("Every expert has outputs of its own, the same each time")
    func distinct() throws {
        let first = try checksums()
        #expect(first.keys.sorted() == Self.experts)
        #expect(Set(first.values).count == Self.experts.count)
        #expect(try checksums() == first)
    }

    @Test("Outputs that the manifest does not promise keep a bank from serving")
    func promised() throws {
        let bank = try Nano.bank.get()
        let right = try checksums()
        try bank.prove(on: ThreadPool(threads: 1), promised: right)
        let wrong = right.merging([Self.experts[1]: 7]) { $1 }
        let error = #expect(throws: CheckpointError.self) {
            try bank.prove(on: ThreadPool(threads: 1), promised: wrong)
        }
        #expect(error?.code == .unusableWeights)
        #expect(error?.message.contains("00000007") == true)
    }

    @Test("A quiet node proves one expert an interval, in turn")
    func turns() throws {
        let node = try NanoNode(checksums: try checksums())
        let start = node.clock.now
        #expect(node.core.health.values.allSatisfy { $0.condition == .ready && $0.provedAt == start })
        for round in 1...4 {
            node.clock.advance(.seconds(2))
            _ = node.core.step()
            let expected = Self.experts[(round - 1) % Self.experts.count]
            for (expert, health) in node.core.health {
                #expect((health.provedAt == node.clock.now) == (expert == expected), "\(expert), round \(round)")
            }
            // Not yet again.
            node.clock.advance(.milliseconds(1))
            let revision = node.core.healthRevision
            _ = node.core.step()
            #expect(node.core.healthRevision == revision)
        }
        #expect(node.core.takeEvents().isEmpty)
    }

    @Test("An expert that computes something else is withdrawn, told to every router, and the others serve on")
    func withdrawn() throws {
        let node = try NanoNode(checksums: try checksums())
        node.greet(from: NanoNode.alice, incarnation: 1)
        node.greet(from: NanoNode.bob, incarnation: 2)
        _ = node.core.step()
        let bad = Self.experts[1]
        node.core.tamper { (try? Self.spoiled($0, bad)) ?? $0 }
        var replies: [OutboundReply] = []
        for _ in Self.experts {
            node.clock.advance(.seconds(2))
            replies += node.core.step()
        }
        replies += node.core.step()
        let hellos = replies.filter { $0.hello != nil }
        #expect(Set(hellos.map(\.peer)) == [NanoNode.alice, NanoNode.bob])
        #expect(hellos.allSatisfy { $0.hello?.experts.map(\.expert) == [Self.experts[0], Self.experts[2]] })
        let words = "its outputs are not what they were when it was loaded"
        #expect(node.core.takeEvents() == [.failed(bad, words)])
        #expect(node.core.health[bad]?.condition == .failed(words))
        #expect(node.registry.render().contains("medmoe_node_canary_failures_total 1\n"))

        try node.ask([(bad, rows: 1)], request: 1, seed: 1)
        try node.ask([(Self.experts[0], rows: 1)], request: 2, seed: 1)
        let answers = node.finish()
        let fault = try #require(answers.first { $0.header.request == 1 }?.fault)
        #expect(fault.code == .expertNotReady)
        #expect(fault.retryable)
        #expect(fault.expert == bad)
        #expect(answers.first { $0.header.request == 2 }?.result != nil)
    }

    @Test("A busy node proves its experts too, and what waits for one that failed is refused")
    func busy() throws {
        let node = try NanoNode(checksums: try checksums())
        let bad = Self.experts[0]
        node.core.tamper { (try? Self.spoiled($0, bad)) ?? $0 }
        try node.ask([(bad, rows: 600)], request: 1, seed: 1, milliseconds: 60_000)
        try node.ask([(Self.experts[1], rows: 1), (bad, rows: 1)], request: 2, seed: 1, milliseconds: 60_000)
        try node.ask([(Self.experts[1], rows: 1)], request: 3, seed: 1, milliseconds: 60_000)
        node.clock.advance(.seconds(19))
        #expect(node.core.step().allSatisfy { $0.fault == nil })
        node.clock.advance(.seconds(1))
        let replies = node.core.step() + node.finish()
        let refused = replies.filter { $0.fault?.code == .expertNotReady }.map(\.header.request)
        #expect(refused == [1, 2])
        #expect(replies.first { $0.header.request == 3 }?.result != nil)
        #expect(!node.core.hasWork)
    }

    @Test("What a broken expert has computed in the moment before its proof is refused, not sent")
    func justComputed() throws {
        let node = try NanoNode(checksums: try checksums())
        let bad = Self.experts[0]
        node.core.tamper { (try? Self.spoiled($0, bad)) ?? $0 }
        try node.ask([(bad, rows: 1)], request: 1, seed: 1, milliseconds: 60_000)
        node.clock.advance(.seconds(20))
        let replies = node.core.step()
        #expect(replies.allSatisfy { $0.result == nil })
        let fault = try #require(replies.first { $0.header.request == 1 }?.fault)
        #expect(fault.code == .expertNotReady)
        #expect(fault.retryable)
        #expect(replies.first { $0.header.request == 1 }?.tensor == nil)
    }

    @Test("An expert of which nobody knows the outputs is held against its first ones")
    func unknown() throws {
        let node = try NanoNode()
        #expect(node.core.health.values.allSatisfy { $0.provedAt == nil })
        for _ in Self.experts {
            node.clock.advance(.seconds(2))
            _ = node.core.step()
        }
        #expect(node.core.health.values.allSatisfy { $0.provedAt != nil })
        let bad = Self.experts[0]
        node.core.tamper { (try? Self.spoiled($0, bad)) ?? $0 }
        node.clock.advance(.seconds(2))
        _ = node.core.step()
        #expect(node.core.health[bad]?.condition != .ready)
    }
}
