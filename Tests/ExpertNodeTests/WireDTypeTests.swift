import ExpertNode
import Kernels
import Model
import Shared
import Testing
import Transport

@Suite("Element types of the wire at a node")
struct WireDTypeTests {
    static let groups = [(Nano.experts[2], rows: 3), (Nano.experts[0], rows: 300), (Nano.experts[1], rows: 2)]

    @Test(
        "Rows are widened, computed and answered in the element type that they came in",
        arguments: WireDType.allCases
    )
    func answers(dtype: WireDType) throws {
        let node = try NanoNode()
        try node.ask(Self.groups, request: 9, seed: 1, dtype: dtype)
        let reply = try #require(node.finish().first)
        let result = try #require(reply.result)
        #expect(result.dtype == dtype)
        try result.validate(tensorBytes: reply.tensor?.byteCount ?? 0)

        let values = Rows.make(305, columns: node.hiddenSize, seed: 1)
        var rounded = [Float](repeating: 0, count: values.count)
        var span = rounded.mutableSpan
        dtype.kind.widen(dtype.kind.narrow(values.span).span.bytes, into: &span)
        let bank = try Nano.bank.get()
        var expected: [Float] = []
        var next = 0
        for (expert, rows) in Self.groups {
            let part = Array(rounded[next * node.hiddenSize..<(next + rows) * node.hiddenSize])
            let input = Tensor(TensorShape(rows, node.hiddenSize), part)
            expected += bank.compute(expert, rows: input, on: ThreadPool(threads: 1))?.array ?? []
            next += rows
        }
        let equal = reply.tensor?.copyBytes() == dtype.kind.narrow(expected.span)
        #expect(equal)
    }

    @Test("A node that computes with brain floats gives the same for rows that were rounded to them on the way")
    func roundedTwice() throws {
        var answers: [WireDType: Frame] = [:]
        for dtype in [WireDType.float32, .bfloat16] {
            let node = try NanoNode(dtype: .bf16)
            try node.ask(Self.groups, request: 1, seed: 2, dtype: dtype)
            answers[dtype] = node.finish().first?.tensor
        }
        let floats = try #require(answers[.float32])
        let equal = answers[.bfloat16]?.copyBytes() == WeightKind.bf16.narrow(floats.floats)
        #expect(equal)
    }

    @Test("Dispatches of different element types share a batch")
    func mixed() throws {
        let together = try NanoNode()
        for (index, dtype) in WireDType.allCases.enumerated() {
            try together.ask([(Nano.experts[0], rows: 4)], request: UInt64(index + 1), seed: 5, dtype: dtype)
        }
        let replies = together.finish()
        #expect(try together.heartbeat().progress == 1)
        for (index, dtype) in WireDType.allCases.enumerated() {
            let alone = try NanoNode()
            try alone.ask([(Nano.experts[0], rows: 4)], request: 1, seed: 5, dtype: dtype)
            let reply = replies.first { $0.header.request == UInt64(index + 1) }
            let equal = reply?.tensor?.copyBytes() == alone.finish().first?.tensor?.copyBytes()
            #expect(equal && reply?.result?.dtype == dtype, "\(dtype)")
        }
    }

    @Test("An output that does not fit a half is a fault, not an infinite number")
    func overflow() throws {
        let node = try NanoNode()
        var message = Rows.dispatch([(Nano.experts[0], rows: 1)], hiddenSize: node.hiddenSize)
        message.dtype = .float16
        let large = Rows.make(1, columns: node.hiddenSize, seed: 1).map { $0 * 60_000 }
        node.send(.dispatch(message), request: 3, frame: try Rows.frame(large, .float16))
        let replies = node.finish()
        let fault = try #require(replies.first?.fault)
        #expect(replies.count == 1)
        #expect(fault.code == .unsupported)
        #expect(fault.expert == Nano.experts[0])
        #expect(fault.message.contains("does not fit f16; use --wire-dtype bf16 or f32"))
        #expect(!node.core.hasWork)
    }

    @Test("An element type of the future is answered by a fault for its request")
    func unknown() throws {
        // Version 1, request 5, a dispatch of nothing but an element type that has no name yet.
        let header = try Frame(copying: [0x08, 1, 0x10, 5, 0x22, 2, 0x18, 4])
        let thrown = #expect(throws: WireError.self) { try WireHeader.decode(header) }
        let error = try #require(thrown)
        let node = try NanoNode()
        node.core.receive(.malformed(NanoNode.alice, error))
        let reply = try #require(node.finish().first)
        #expect(reply.header.request == 5)
        #expect(reply.fault?.code == .unsupported)
        #expect(reply.fault?.message.contains("dispatch.dtype is 4") == true)
    }
}
