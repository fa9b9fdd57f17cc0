import ExpertNode
import Kernels
import Model
import Shared
import Testing
import Transport

@Suite("Expert node core")
struct ExpertNodeCoreTests {
    static let experts = Nano.experts

    @Test("The node says who it is, which experts it has and with which weights")
    func hello() throws {
        let node = try NanoNode()
        let ours = HelloMessage(
            sender: "router",
            incarnation: 1,
            role: .router,
            modelHash: nil,
            hiddenSize: node.hiddenSize,
            placementEpoch: 1,
            numerics: "any",
            software: "any/1",
            maximumMessageBytes: 1,
        )
        node.send(.hello(ours), from: NanoNode.bob)
        let replies = node.core.step()
        #expect(replies.count == 1)
        #expect(replies.first?.peer == NanoNode.bob)
        guard case .hello(let hello) = replies.first?.header.body else {
            Issue.record("a hello has to be answered by a hello")
            return
        }
        let weights = try Nano.weights.get()
        #expect(hello.sender == "nano")
        #expect(hello.incarnation == 42)
        #expect(hello.role == .expertNode)
        #expect(hello.modelHash == weights.layoutHash)
        #expect(hello.hiddenSize == 192)
        #expect(hello.placementEpoch == 6)
        #expect(hello.maximumMessageBytes == 1 << 22)
        #expect(hello.experts == Self.experts.map { HostedExpert(expert: $0, weightsHash: try? weights.hash(of: $0)) })
        #expect(hello.experts.allSatisfy { $0.weightsHash != nil })
        #expect(hello.numerics == ComputeDType.f32.numerics)
        #expect(hello.software == SoftwareVersion.current)
        #expect(!hello.draining)
    }

    @Test("Rows come back unweighted, with the bits of the experts themselves, in the order of the dispatch")
    func rows() throws {
        let node = try NanoNode()
        // Not in the order of the experts.
        let groups = [(Self.experts[2], rows: 3), (Self.experts[0], rows: 1), (Self.experts[1], rows: 2)]
        try node.ask(groups, request: 9, seed: 1)
        let replies = node.finish()
        let reply = try #require(replies.first)
        #expect(replies.count == 1)
        #expect(reply.peer == NanoNode.alice)
        #expect(reply.header.request == 9)
        let bank = try Nano.bank.get()
        let result = try #require(reply.result)
        #expect(
            result.groups == groups.map { RowGroup(expert: $0.0, rows: $0.rows, weightsHash: bank.hash(of: $0.0)) }
        )
        #expect(result.hiddenSize == node.hiddenSize)
        #expect(result.dtype == .float32)
        #expect(result.placementEpoch == 6)

        let values = Rows.make(6, columns: node.hiddenSize, seed: 1)
        var expected: [UInt32] = []
        var next = 0
        for (expert, rows) in groups {
            let part = Array(values[next * node.hiddenSize..<(next + rows) * node.hiddenSize])
            let input = Tensor(TensorShape(rows, node.hiddenSize), part)
            let output = bank.compute(expert, rows: input, on: ThreadPool(threads: 1))?.array ?? []
            expected += output.map(\.bitPattern)
            next += rows
        }
        #expect(reply.bits == expected)
        #expect(Set(expected).count > 100, "the experts have to do something")
    }

    @Test("Dispatches that are computed together give the bits of each alone")
    func batched() throws {
        let questions: [(groups: [(ExpertID, rows: Int)], seed: UInt64, peer: PeerID)] = [
            ([(Self.experts[0], rows: 5)], 1, NanoNode.alice),
            ([(Self.experts[1], rows: 2), (Self.experts[0], rows: 1)], 2, NanoNode.bob),
            ([(Self.experts[0], rows: 300), (Self.experts[2], rows: 7)], 3, NanoNode.alice),
            ([(Self.experts[0], rows: 1), (Self.experts[1], rows: 1), (Self.experts[0], rows: 2)], 4, NanoNode.bob),
        ]
        let together = try NanoNode()
        for (index, question) in questions.enumerated() {
            try together.ask(question.groups, request: UInt64(index + 1), seed: question.seed, from: question.peer)
        }
        let replies = together.finish()
        #expect(replies.count == questions.count)
        for (index, question) in questions.enumerated() {
            let reply = try #require(replies.first { $0.header.request == UInt64(index + 1) })
            #expect(reply.peer == question.peer)
            let alone = try NanoNode()
            try alone.ask(question.groups, request: 1, seed: question.seed)
            let expected = try #require(alone.finish().first)
            #expect(reply.result?.groups == expected.result?.groups)
            let equal = reply.bits == expected.bits
            #expect(equal, "dispatch \(index + 1)")
        }
        // 312 rows of expert 0.1 in two batches, and the two other experts in one each.
        #expect(try together.heartbeat().progress == 4)
    }

    @Test("Each batch is a step, and heartbeats between them tell how far the node is")
    func progress() throws {
        let node = try NanoNode()
        #expect(try node.heartbeat().progress == 0)
        try node.ask([(Self.experts[0], rows: 300), (Self.experts[1], rows: 1)], request: 1, seed: 1)
        // A heartbeat is answered before the batch of its step.
        let beats = try (0..<4).map { _ in try node.heartbeat() }
        #expect(beats.map(\.progress) == [0, 1, 2, 3])
        #expect(beats.map(\.queuedRows) == [301, 45, 1, 0])
        #expect(beats.allSatisfy { $0.incarnation == 42 && !$0.draining })
    }

    @Test("A draining node finishes what it has, takes no more and says so")
    func drain() throws {
        let node = try NanoNode()
        try node.ask([(Self.experts[0], rows: 2)], request: 1, seed: 1)
        node.core.drain()
        try node.ask([(Self.experts[0], rows: 2)], request: 2, seed: 1)
        let replies = node.finish()
        #expect(replies.first { $0.header.request == 1 }?.result != nil)
        let fault = try #require(replies.first { $0.header.request == 2 }?.fault)
        #expect(fault.code == .draining)
        #expect(fault.retryable)
        #expect(fault.message.contains("nano"))
        #expect(try node.heartbeat().draining)
        #expect(node.core.hello.draining)
    }

    @Test("A cancelled dispatch is not computed and not answered; those beside it are")
    func cancel() throws {
        let node = try NanoNode()
        try node.ask([(Self.experts[0], rows: 2)], request: 1, seed: 1)
        try node.ask([(Self.experts[0], rows: 2)], request: 1, seed: 2, from: NanoNode.bob)
        try node.ask([(Self.experts[1], rows: 2)], request: 2, seed: 3)
        node.send(.cancel, request: 1)
        node.send(.cancel, request: 77)
        let replies = node.finish()
        #expect(replies.map { "\($0.peer) \($0.header.request)" } == ["\(NanoNode.bob) 1", "\(NanoNode.alice) 2"])
        #expect(node.registry.render().contains("medmoe_node_cancelled_total 1\n"))
    }

    @Test("A dispatch that was cancelled when half of it was computed leaves nothing behind")
    func cancelHalfway() throws {
        let node = try NanoNode()
        try node.ask([(Self.experts[0], rows: 300)], request: 1, seed: 1)
        #expect(node.core.step().isEmpty)
        node.send(.cancel, request: 1)
        #expect(!node.core.hasWork)
        #expect(node.core.step().isEmpty)
        #expect(try node.heartbeat().queuedRows == 0)
    }

    @Test("A dispatch whose time is used up in the queue is answered by a fault")
    func deadline() throws {
        let node = try NanoNode()
        try node.ask([(Self.experts[0], rows: 1)], request: 1, seed: 1, milliseconds: 50)
        try node.ask([(Self.experts[0], rows: 1)], request: 2, seed: 1, milliseconds: 51)
        try node.ask([(Self.experts[0], rows: 1)], request: 3, seed: 1, milliseconds: 0)
        node.clock.advance(.milliseconds(50))
        let replies = node.core.step()
        #expect(replies.compactMap { reply in reply.fault.map { _ in reply.header.request } } == [1, 3])
        #expect(replies.compactMap { reply in reply.result.map { _ in reply.header.request } } == [2])
        let fault = try #require(replies.first?.fault)
        #expect(fault.code == .deadlineExceeded)
        #expect(!fault.retryable)
        #expect(fault.message.contains("50 ms"))
        #expect(!node.core.hasWork)
    }

    @Test("A full queue refuses with busy and computes what it has")
    func busy() throws {
        let node = try NanoNode(queueBytes: 4 * 192 * 4)
        try node.ask([(Self.experts[0], rows: 3)], request: 1, seed: 1)
        try node.ask([(Self.experts[0], rows: 2)], request: 2, seed: 1)
        try node.ask([(Self.experts[0], rows: 1)], request: 3, seed: 1)
        let replies = node.finish()
        let fault = try #require(replies.first { $0.header.request == 2 }?.fault)
        #expect(fault.code == .busy)
        #expect(fault.retryable)
        #expect(replies.filter { $0.result != nil }.map(\.header.request) == [1, 3])
        try node.ask([(Self.experts[0], rows: 4)], request: 4, seed: 1)
        #expect(node.finish().first?.result != nil)
    }

    @Test("The time in the queue is told")
    func queueTime() throws {
        let node = try NanoNode()
        try node.ask([(Self.experts[0], rows: 1)], request: 1, seed: 1)
        node.clock.advance(.milliseconds(7))
        let result = try #require(node.finish().first?.result)
        #expect(result.queueMicroseconds == 7000)
        #expect(result.computeMicroseconds == 0)
    }

    @Test("Rows that the wire spoiled are answered by a fault that asks for them again")
    func corrupt() throws {
        let node = try NanoNode()
        node.core.receive(.malformed(NanoNode.alice, WireError(.checksum, "other bytes came")))
        let fault = try #require(node.core.step().first?.fault)
        #expect(fault.code == .invalidRequest)
        #expect(fault.retryable)
        #expect(node.registry.render().contains(#"medmoe_node_faults_total{reason="corrupt"} 1"#))
    }

    @Test("Garbage is answered by a fault, and the node goes on")
    func garbage() throws {
        let node = try NanoNode()
        let sound = Rows.dispatch([(Self.experts[0], rows: 1)], hiddenSize: 192)
        let result = ResultMessage(
            groups: sound.groups,
            hiddenSize: 192,
            queueMicroseconds: 0,
            computeMicroseconds: 0,
            placementEpoch: 1,
        )
        let frame = try Rows.frame(Rows.make(1, columns: 192, seed: 1))
        node.core.receive(.malformed(NanoNode.alice, WireError(.unreadable, "the header is not a protobuf Header")))
        node.send(.dispatch(sound), request: 1)
        node.send(.dispatch(sound), request: 2, frame: try Rows.frame([]))
        node.send(.dispatch(Rows.dispatch([], hiddenSize: 192)), request: 3, frame: frame)
        node.send(.dispatch(Rows.dispatch([(Self.experts[0], rows: 1)], hiddenSize: 0)), request: 4, frame: frame)
        node.send(.result(result), request: 5, frame: frame)
        node.send(.goodbye(GoodbyeMessage(reason: "bye")))
        node.send(.cancel, request: 6)
        let replies = node.finish()
        #expect(
            replies.map { "\($0.header.request) \($0.fault?.code.rawValue ?? "none")" } == [
                "0 invalidRequest", "1 invalidRequest", "2 invalidRequest", "3 invalidRequest", "4 invalidRequest",
                "5 unsupported",
            ]
        )
        #expect(!node.core.hasWork)
        try node.ask([(Self.experts[0], rows: 1)], request: 7, seed: 1)
        #expect(node.finish().first?.result != nil)
    }
}
