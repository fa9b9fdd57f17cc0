import Foundation
import Kernels
import Model
import Router
import Shared
import TestKit
import Testing
import Transport

/// Whatever a network does to messages, rows are right or an error says that they are not there.
@Suite struct FaultyTransportTests {
    static let seeds: [UInt64] = [1, 2, 3, 4, 5]

    struct Case: Sendable, CustomTestStringConvertible {
        var kind: FaultPlan.Kind
        var direction: FaultPlan.Direction
        var testDescription: String { "\(kind.rawValue) \(direction.rawValue)" }
    }

    static let cases = FaultPlan.Kind.allCases.flatMap { kind in
        FaultPlan.Direction.allCases.map { Case(kind: kind, direction: $0) }
    }

    /// Asks for the rows of one layer, and holds them against those of one process.
    ///
    /// Returns how many experts failed. A deadline in the cluster's own time ends each call.
    static func check(_ cluster: FaultyCluster, call seed: UInt64, local: LocalExpertExecutor) throws -> Int {
        let layers = try Nano.launcher.get().weights.configuration.moe.layers
        let layer = layers[Int(seed % UInt64(layers.count))]
        let started = cluster.now
        let outputs = cluster.plane.execute(
            try FaultyCluster.call(seed, layer: layer, deadline: started + .seconds(3))
        )
        #expect(started.duration(to: cluster.now) < .seconds(4), "a call went on after its deadline")
        let call = try FaultyCluster.call(seed, layer: layer, deadline: started)
        let expected = local.execute(call)
        #expect(expected.failures.isEmpty)
        for row in 0..<expected.routed.rows {
            let expert = ExpertID(layer: layer, slot: .routed(call.routing.experts[row]))
            guard outputs.failures[expert] == nil else { continue }
            let equal = hasEqualBits(outputs.routed.row(row), expected.routed.row(row))
            #expect(equal, "row \(row) of layer \(layer) is wrong")
        }
        if outputs.failures[ExpertID(layer: layer, slot: .meta)] == nil {
            for row in 0..<expected.meta.rows {
                let equal = hasEqualBits(outputs.meta.row(row), expected.meta.row(row))
                #expect(equal, "row \(row) of layer \(layer)'s meta expert is wrong")
            }
        }
        for failure in outputs.failures.values { #expect(!failure.message.isEmpty) }
        return outputs.failures.count
    }

    static func hasEqualBits(_ left: [Float], _ right: [Float]) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { $0.bitPattern == $1.bitPattern }
    }

    static func local() throws -> LocalExpertExecutor {
        try LocalExpertExecutor(experts: Nano.bank.get(), pool: ThreadPool(threads: 1), node: NodeID("local"))
    }

    @Test("Rows are right or missing with a reason, and each kind of fault is counted", arguments: cases)
    func rows(item: Case) throws {
        let local = try Self.local()
        for seed in Self.seeds {
            let plan = FaultPlan(seed: seed, kinds: [item.kind], directions: [item.direction], permille: 250)
            let cluster = try FaultyCluster(plan)
            try #require(cluster.joinAll())
            for call in 0..<UInt64(30) { _ = try Self.check(cluster, call: seed * 100 + call, local: local) }
            try #require(cluster.network.faults > 0, "the plan did nothing")
            // What only comes late or in another order is no fault: answers wait for each other anyway. And a bit of a
            // header may be one that nobody needs, or a number that is still right.
            let mustCount = ![.delay, .reorder, .corruptHeader].contains(item.kind)
            if mustCount { #expect(cluster.counted > 0, "seed \(seed): \(cluster.network.injected) was not counted") }
        }
    }

    @Test("All kinds at once, hellos and heartbeats too: never a wrong row, and all is well when the network is")
    func everything() throws {
        let local = try Self.local()
        for seed in Self.seeds {
            var plan = FaultPlan(seed: seed, kinds: FaultPlan.Kind.allCases, permille: 300, mostFaults: 120)
            plan.sparesTalk = false
            let cluster = try FaultyCluster(plan, step: .milliseconds(20))
            _ = cluster.joinAll()
            var call: UInt64 = 0
            while cluster.network.faults < 120, call < 2000 {
                _ = try Self.check(cluster, call: seed * 10_000 + call, local: local)
                call += 1
            }
            #expect(cluster.counted > 0)
            cluster.network.heal()
            try #require(cluster.joinAll())
            for _ in 0..<500 { cluster.plane.serveLinks(for: .zero) }
            for after in 0..<UInt64(5) { #expect(try Self.check(cluster, call: seed * 7 + after, local: local) == 0) }
        }
    }

    @Test("With a replica lost messages cost no answer")
    func dropsAreMended() throws {
        let local = try Self.local()
        // Never two in a row, so that what is asked for again arrives, and no more than may be asked for again.
        var plan = FaultPlan(seed: 9, kinds: [.drop], directions: [.toRouter], permille: 300, mostFaults: 8)
        plan.spacing = 8
        let cluster = try FaultyCluster(plan)
        try #require(cluster.joinAll())
        var failed = 0
        for call in 0..<UInt64(60) { failed += try Self.check(cluster, call: 900 + call, local: local) }
        #expect(cluster.network.faults > 0)
        #expect(failed == 0, "\(cluster.network.faults) lost messages cost \(failed) answers")
    }

    @Test(
        "A single node whose every answer is damaged ends in an error, not in rows",
        arguments: [
            FaultPlan.Kind.truncate, .oversize, .reshape, .notANumber, .drop,
        ]
    )
    func hopeless(kind: FaultPlan.Kind) throws {
        let local = try Self.local()
        let plan = FaultPlan(seed: 3, kinds: [kind], directions: [.toRouter], permille: 1000)
        let cluster = try FaultyCluster(plan, replicas: 1)
        try #require(cluster.joinAll())
        #expect(try Self.check(cluster, call: 5, local: local) > 0)
        #expect(cluster.counted > 0)
    }

    @Test("Tokens and logits over a bad network are those of a good one, or an error says why", arguments: [1, 2, 3])
    func logits(seed: UInt64) throws {
        let launcher = try Nano.launcher.get()
        let question = TraceRun.Question(
            prompt: try ConversationTemplate.stablelm.prompt(
                turns: [ChatTurn(role: .user, text: "<image>\nIs there evidence of pneumonia?")]),
            pixels: [try Nano.phantom(1)],
            maximumTokens: 8,
            expertTimeout: .seconds(2)
        )
        func run(_ plane: any ExpertPlane) throws -> TraceRun {
            try TraceRun(question, model: launcher.model, plane: plane, pool: ThreadPool(threads: 1))
        }
        let local = try run(LocalExpertPlane(executor: Self.local()))
        // The engine takes deadlines from the machine's clock, so the links do too.
        let cluster = try FaultyCluster(FaultPlan(seed: seed, kinds: FaultPlan.Kind.allCases, permille: 80), step: nil)
        try #require(cluster.joinAll())
        let started = ContinuousClock.now
        do {
            let remote = try run(cluster.plane)
            #expect(remote.generatedIDs == local.generatedIDs)
            #expect(remote.text == local.text)
            for (one, other) in zip(local.tensors, remote.tensors) {
                let equal = one.values.hasBits(of: other.values)
                #expect(equal, "\(one.name) differs")
            }
        } catch {
            let failure = try #require(error as? QueryError)
            #expect(!failure.message.isEmpty)
        }
        #expect(started.duration(to: .now) < .seconds(120), "it hung")
        #expect(cluster.network.faults > 0)
    }
}
