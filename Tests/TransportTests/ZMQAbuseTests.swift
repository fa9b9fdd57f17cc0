internal import Kernels
internal import Testing
internal import Transport

/// Frames that a stranger sends, and what is to be said of them.
struct Garbage: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let frames: [[UInt8]]
    let code: WireError.Code
}

@Suite("Abuse over ZeroMQ")
struct ZMQAbuseTests {
    static func garbage() throws -> [Garbage] {
        let (header, tensor) = try Samples.dispatch(rows: 2, hiddenSize: 4)
        let dispatch = try header.encode().copyBytes()
        let rows = tensor.copyBytes()
        let sum = Checksum.crc32c(tensor.bytes, after: UInt32(header.request))
        let heartbeat = try Samples.heartbeat.encode().copyBytes()
        return [
            Garbage(testDescription: "an empty header", frames: [[]], code: .emptyHeader),
            Garbage(testDescription: "noise", frames: [[1, 2, 3, 255, 254]], code: .unreadable),
            Garbage(testDescription: "three frames", frames: [dispatch, rows, rows], code: .frameCount),
            Garbage(testDescription: "fifty frames", frames: Array(repeating: [7], count: 50), code: .frameCount),
            Garbage(testDescription: "a dispatch without tensor", frames: [dispatch], code: .frameCount),
            Garbage(testDescription: "a heartbeat with tensor", frames: [heartbeat, rows], code: .frameCount),
            Garbage(
                testDescription: "a tensor too short",
                frames: [dispatch, Array(rows.dropLast())],
                code: .tensorSize
            ),
            Garbage(testDescription: "a tensor too long", frames: [dispatch, rows + [0]], code: .tensorSize),
            Garbage(testDescription: "a tensor that nobody vouches for", frames: [dispatch, rows], code: .checksum),
            Garbage(
                testDescription: "a tensor of which a bit fell over",
                frames: [try header.encode(checksum: sum).copyBytes(), [rows[0] ^ 1] + rows.dropFirst()],
                code: .checksum
            ),
            Garbage(testDescription: "an empty tensor", frames: [dispatch, []], code: .tensorSize),
            Garbage(testDescription: "a delimiter as of REQ", frames: [[], heartbeat], code: .emptyHeader),
        ]
    }

    @Test("a node says what is wrong with garbage and serves the same peer on", arguments: try garbage())
    func node(garbage: Garbage) throws {
        let pair = try ZMQPair()
        let stranger = try ZMQSocket(.dealer, context: pair.context, options: ZMQSocketOptions())
        try stranger.connect(pair.listener.endpoint)
        #expect(try pair.run { _ in (try? stranger.send(garbage.frames.map { try Frame(copying: $0) })) != nil })
        try stranger.send([Samples.heartbeat.encode()])
        #expect(try pair.run { $0.peerEvents.count == 2 })
        #expect(pair.nodeErrors.map(\.code) == [garbage.code])
        #expect(pair.nodeHeaders == [Samples.heartbeat])
    }

    @Test("a router says what is wrong with garbage and keeps the link", arguments: try garbage())
    func router(garbage: Garbage) throws {
        let pair = try ZMQPair()
        let node = try ZMQSocket(.router, context: pair.context, options: ZMQSocketOptions())
        try node.bind("tcp://127.0.0.1:*")
        let link = try pair.transport.connect(node.lastEndpoint())
        #expect(try pair.run { $0.connects(of: link) == 1 })
        try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
        var name: Frame?
        #expect(
            try pair.run { _ in
                name = try node.receive(keeping: 3)?.frames.first
                return name != nil
            }
        )
        let peer = try #require(name)
        try node.send([peer] + garbage.frames.map { try Frame(copying: $0) })
        try node.send([peer, Samples.heartbeat.encode()])
        #expect(try pair.run { $0.routerErrors.count == 1 && $0.routerMessages.count == 1 })
        #expect(pair.routerErrors.map(\.code) == [garbage.code])
        #expect(pair.disconnects(of: link) == 0)
    }

    @Test("of a message with many frames only the first are kept, and the next message starts afresh")
    func manyFrames() throws {
        let context = try ZMQContext()
        let receiver = try ZMQSocket(.router, context: context, options: ZMQSocketOptions())
        try receiver.bind("tcp://127.0.0.1:*")
        let sender = try ZMQSocket(.dealer, context: context, options: ZMQSocketOptions())
        try sender.connect(receiver.lastEndpoint())
        let end = ContinuousClock.now + .seconds(10)
        let many = try (0..<50).map { try Frame(copying: [$0]) }
        while (try? sender.send(many)) == nil, ContinuousClock.now < end {}
        try sender.send([Frame(copying: [99])])
        var received: [ZMQSocket.Received] = []
        while received.count < 2, ContinuousClock.now < end {
            if let message = try receiver.receive(keeping: 3) { received.append(message) }
        }
        try #require(received.count == 2)
        #expect(received[0].frameCount == 51)
        #expect(received[0].frames.count == 3)
        #expect(received[0].frames[2].copyBytes() == [1])
        #expect(received[1].frames.map { $0.copyBytes() }.last == [99])
    }

    @Test("a frame over the limit cuts its sender off, and nobody else")
    func oversize() throws {
        var options = ZMQSocketOptions()
        options.maximumMessageBytes = 1 << 16
        let pair = try ZMQPair(listenerOptions: options)
        let good = try pair.connect()
        let bad = try pair.connect()
        let (header, tensor) = try Samples.dispatch(rows: 128, hiddenSize: 2048)
        try pair.transport.send(header, tensor: tensor, to: bad)
        #expect(try pair.run { $0.disconnects(of: bad) == 1 })
        #expect(pair.disconnects(of: good) == 0)
        try pair.transport.send(Samples.heartbeat, tensor: nil, to: good)
        #expect(try pair.run { !$0.peerEvents.isEmpty })
        #expect(pair.nodeHeaders == [Samples.heartbeat])
        #expect(pair.nodeErrors.isEmpty)
        // And the one who was cut off may come back and behave.
        #expect(try pair.run { $0.connects(of: bad) == 2 })
        try pair.transport.send(Samples.heartbeat, tensor: nil, to: bad)
        #expect(try pair.run { $0.nodeHeaders.count == 2 })
    }
}
