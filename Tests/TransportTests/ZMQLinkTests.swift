internal import Foundation
internal import Testing
internal import Transport

@Suite("Links over ZeroMQ")
struct ZMQLinkTests {
    static let endpoints = ["tcp://127.0.0.1:*", "tcp://127.0.0.1:0", "ipc:///tmp/transport-test-\(UUID().uuidString)"]

    /// Removes the file of an ipc endpoint, which ZeroMQ leaves behind.
    static func clean(_ endpoint: String) {
        guard endpoint.hasPrefix("ipc://") else { return }
        try? FileManager.default.removeItem(atPath: String(endpoint.dropFirst(6)))
    }

    @Test("hello, dispatch and result travel with a tensor of 1 MiB", arguments: endpoints)
    func conversation(endpoint: String) throws {
        defer { ZMQLinkTests.clean(endpoint) }
        let pair = try ZMQPair(endpoint: endpoint)
        let link = try pair.connect()
        #expect(pair.connects(of: link) == 1)

        try pair.transport.send(WireHeader(body: .hello(Samples.hello)), tensor: nil, to: link)
        let (header, tensor) = try Samples.dispatch(request: 42, rows: 128, hiddenSize: 2048)
        try pair.transport.send(header, tensor: tensor, to: link)
        #expect(try pair.run { $0.peerEvents.count == 2 })
        #expect(pair.nodeHeaders == [WireHeader(body: .hello(Samples.hello)), header])

        for case .message(let peer, let header, let tensor) in pair.peerEvents {
            let reply = try #require(EchoNode.reply(to: header))
            try pair.listener.send(reply, tensor: tensor, to: peer)
        }
        #expect(try pair.run { $0.routerMessages.count == 2 })
        let (from, result, rows) = try #require(pair.routerMessages.last)
        #expect(from == link)
        #expect(result.request == 42)
        let sent = tensor.copyBytes()
        #expect(sent.count == 1 << 20)
        #expect(rows?.copyBytes() == sent)
        #expect(tensor.isSealed)
        #expect(rows?.isSealed == true)
    }

    @Test("many links answer each for itself")
    func manyLinks() throws {
        let pair = try ZMQPair()
        let links = try (0..<5).map { _ in try pair.connect() }
        for (number, link) in links.enumerated() {
            let (header, tensor) = try Samples.dispatch(request: UInt64(number + 1), rows: 1, hiddenSize: 4)
            try pair.transport.send(header, tensor: tensor, to: link)
        }
        #expect(try pair.run { $0.peerEvents.count == 5 })
        for case .message(let peer, let header, let tensor) in pair.peerEvents {
            try pair.listener.send(#require(EchoNode.reply(to: header)), tensor: tensor, to: peer)
        }
        #expect(try pair.run { $0.routerMessages.count == 5 })
        for (link, header, _) in pair.routerMessages { #expect(links[Int(header.request) - 1] == link) }
    }

    @Test("a short tensor starts at an aligned address wherever it stood in the stream")
    func alignment() throws {
        let pair = try ZMQPair()
        let link = try pair.connect()
        for rows in 1...40 {
            var (header, tensor) = try Samples.dispatch(request: UInt64(rows), rows: rows, hiddenSize: 9)
            if rows % 3 == 0 { header.request = 1 << 40 }
            try pair.transport.send(header, tensor: tensor, to: link)
        }
        #expect(try pair.run { $0.peerEvents.count == 40 })
        for (number, event) in pair.peerEvents.enumerated() {
            guard case .message(_, _, .some(let tensor)) = event else { continue }
            let address = unsafe tensor.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
            #expect(address % UInt(Frame.alignment) == 0)
            #expect(tensor.floats.count == (number + 1) * 9)
            #expect(tensor.floats[8] == 8)
        }
    }

    @Test("a link to a place where nobody listens refuses to send, at once")
    func unconnected() throws {
        let pair = try ZMQPair()
        // Bound and gone: a port where surely nobody listens.
        let gone = try ZMQExpertListener(bind: "tcp://127.0.0.1:*", context: ZMQContext()).endpoint
        let link = try pair.transport.connect(gone)
        let time = ContinuousClock().measure {
            let error = #expect(throws: TransportError.self) {
                try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
            }
            #expect(error?.code == .notConnected)
        }
        #expect(time < .seconds(1))

        // The socket beneath refuses too: nothing queues for a peer that may never come.
        let socket = try ZMQSocket(.dealer, context: pair.context, options: ZMQSocketOptions())
        try socket.connect(gone)
        #expect(throws: ZMQError.self) { try socket.send([Frame(copying: [1])]) }
    }

    @Test("a node that goes and comes back is seen to, and the link is used again")
    func reconnect() throws {
        let pair = try ZMQPair()
        var second: ZMQExpertListener? = try ZMQExpertListener(bind: "tcp://127.0.0.1:*", context: pair.context)
        let endpoint = try #require(second?.endpoint)
        let link = try pair.transport.connect(endpoint)
        #expect(try pair.run(second) { $0.connects(of: link) == 1 })

        second = nil
        #expect(try pair.run(nil) { $0.disconnects(of: link) == 1 })
        let error = #expect(throws: TransportError.self) {
            try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
        }
        #expect(error?.code == .notConnected)

        // The system may keep the port for a moment after its socket was closed in the background.
        #expect(
            try pair.run(nil) { pair in
                second = try? ZMQExpertListener(bind: endpoint, context: pair.context)
                return second != nil
            }
        )
        #expect(try pair.run(second) { $0.connects(of: link) == 2 })
        try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
        #expect(try pair.run(second) { $0.nodeHeaders == [Samples.heartbeat] })
        #expect(pair.transport.connectionEvents[.handshakeSucceeded] == 2)
        #expect(pair.transport.connectionEvents[.disconnected] == 1)
    }

    @Test("a link that was ended is unknown and silent, and its node can no longer reach the router")
    func disconnect() throws {
        let pair = try ZMQPair()
        let link = try pair.connect()
        try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
        #expect(try pair.run { $0.lastPeer != nil })
        let peer = try #require(pair.lastPeer)
        let before = pair.linkEvents.count
        pair.transport.disconnect(link)
        let unknown = #expect(throws: TransportError.self) {
            try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
        }
        #expect(unknown?.code == .unknownLink)
        var code: TransportError.Code?
        #expect(
            try pair.run { pair in
                do throws(TransportError) {
                    try pair.listener.send(Samples.heartbeat, tensor: nil, to: peer)
                } catch {
                    code = error.code
                }
                return code != nil
            }
        )
        #expect(code == .unreachable)
        #expect(pair.linkEvents.count == before)
        #expect(pair.transport.connectionEvents[.handshakeSucceeded] == 1)
    }

    @Test("a peer that does not read makes sending an error, not a wait")
    func fullQueue() throws {
        var options = ZMQSocketOptions()
        options.sendHighWaterMark = 2
        options.receiveHighWaterMark = 2
        let pair = try ZMQPair(listenerOptions: options, transportOptions: options)
        let link = try pair.connect()
        let (header, tensor) = try Samples.dispatch(rows: 128, hiddenSize: 2048)
        var code: TransportError.Code?
        var sent = 0
        while code == nil, sent < 1000 {
            do throws(TransportError) {
                try pair.transport.send(header, tensor: tensor, to: link)
                sent += 1
            } catch {
                code = error.code
            }
        }
        #expect(code == .wouldBlock)
        // What was taken arrives whole once the peer reads, and the link goes on.
        #expect(try pair.run { $0.nodeHeaders.count == sent })
        try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
        #expect(try pair.run { $0.nodeHeaders.last == Samples.heartbeat })
        #expect(pair.nodeErrors.isEmpty)
    }

    @Test("one poll returns a bounded number of events, in order, and loses none")
    func boundedPoll() throws {
        let context = try ZMQContext()
        let listener = try ZMQExpertListener(bind: "tcp://127.0.0.1:*", context: context, maximumEventsPerPoll: 3)
        let pair = try ZMQPair()
        let link = try pair.transport.connect(listener.endpoint)
        #expect(try pair.run(listener) { $0.connects(of: link) == 1 })
        for number in 1...20 {
            try pair.transport.send(WireHeader(request: UInt64(number), body: .cancel), tensor: nil, to: link)
        }
        var requests: [UInt64] = []
        let end = ContinuousClock.now + .seconds(10)
        while requests.count < 20, ContinuousClock.now < end {
            let events = try listener.poll(timeout: .milliseconds(20))
            #expect(events.count <= 3)
            for case .message(_, let header, _) in events { requests.append(header.request) }
        }
        #expect(requests == Array(1...20))
    }

    @Test("a tensor longer than a frame may be is not sent")
    func tooLarge() throws {
        var options = ZMQSocketOptions()
        options.maximumMessageBytes = 1 << 16
        let pair = try ZMQPair(transportOptions: options)
        let link = try pair.connect()
        let (header, tensor) = try Samples.dispatch(rows: 9, hiddenSize: 2048)
        let error = #expect(throws: TransportError.self) {
            try pair.transport.send(header, tensor: tensor, to: link)
        }
        #expect(error?.code == .messageTooLarge)
        let wrong = #expect(throws: TransportError.self) { try pair.transport.send(header, tensor: nil, to: link) }
        #expect(wrong?.code == .invalidMessage)
    }
}
