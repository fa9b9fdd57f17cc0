internal import Testing
internal import Transport

@Suite("Frame")
struct FrameTests {
    @Test("what is written is read in place", arguments: [0, 1, 33, 34, 4096, 1 << 20])
    func writeAndRead(count: Int) throws {
        let frame = try Frame(byteCount: count)
        frame.withMutableBytes { span in
            for offset in 0..<count {
                span.storeBytes(of: UInt8(truncatingIfNeeded: offset &* 7), toByteOffset: offset, as: UInt8.self)
            }
        }
        #expect(frame.byteCount == count)
        #expect(frame.bytes.byteCount == count)
        #expect(frame.copyBytes() == (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    }

    @Test("floats go in and come out without a copy in between")
    func floats() throws {
        let frame = try Frame(byteCount: 4 * 1000)
        frame.withMutableFloats { span in
            for index in span.indices { span[index] = Float(index) / 3 }
        }
        let read = frame.floats
        #expect(read.count == 1000)
        #expect(read[999] == Float(999) / 3)
    }

    @Test("a frame is sealed when it is handed on, and not before")
    func sealing() throws {
        let (header, tensor) = try Samples.dispatch(rows: 1, hiddenSize: 4)
        #expect(!tensor.isSealed)
        let transport = try InProcessExpertTransport()
        transport.register(endpoint: "node", node: EchoNode())
        let link = try transport.connect("node")
        try transport.send(header, tensor: tensor, to: link)
        #expect(tensor.isSealed)
    }

    @Test("a size that cannot be is an error", arguments: [-1, Int.max])
    func impossible(count: Int) {
        #expect(throws: ZMQError.self) { try Frame(byteCount: count) }
    }
}
