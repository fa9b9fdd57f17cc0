internal import Shared
internal import Testing
internal import Transport

@Suite("Links in one process")
struct InProcessExpertTransportTests {
    private func kinds(_ events: [LinkEvent]) -> [String] {
        events.map { event in
            switch event {
            case .connected(let link): "connected \(link.rawValue)"
            case .disconnected(let link): "disconnected \(link.rawValue)"
            case .message(let link, let header, _): "\(header.body.name) \(link.rawValue)"
            case .malformed(let link, let error): "malformed \(link.rawValue) \(error.code)"
            }
        }
    }

    @Test("a dispatch reaches the node at once and its answer comes with the next poll")
    func conversation() throws {
        let transport = try InProcessExpertTransport()
        let node = EchoNode()
        transport.register(endpoint: "a", node: node)
        let link = try transport.connect("a")
        #expect(kinds(try transport.poll(timeout: .zero)) == ["connected 1"])
        let (header, tensor) = try Samples.dispatch(request: 3, rows: 2, hiddenSize: 8)
        try transport.send(header, tensor: tensor, to: link)
        guard case .message(_, let arrived, _) = node.received.first else {
            Issue.record("nothing arrived")
            return
        }
        #expect(arrived == header)
        let events = try transport.poll(timeout: .zero)
        #expect(kinds(events) == ["result 1"])
        guard case .message(_, let result, .some(let rows)) = events.first else { return }
        #expect(result.request == 3)
        #expect(rows.copyBytes() == tensor.copyBytes())
    }

    @Test("a message whose rows were damaged on the way arrives as malformed, with its request's number")
    func damage() throws {
        let transport = try InProcessExpertTransport()
        let node = EchoNode()
        transport.register(endpoint: "a", node: node)
        let link = try transport.connect("a")
        _ = try transport.poll(timeout: .zero)
        let (header, tensor) = try Samples.dispatch(request: 3, rows: 2, hiddenSize: 8)
        transport.damages = { $0.body.name == "dispatch" }
        try transport.send(header, tensor: tensor, to: link)
        guard case .malformed(_, let refusal) = node.received.first else {
            Issue.record("the damage was not seen")
            return
        }
        #expect(refusal.code == .checksum)
        #expect(refusal.request == 3)
        transport.damages = { $0.body.name == "result" }
        try transport.send(header, tensor: tensor, to: link)
        guard case .malformed(_, let error) = try transport.poll(timeout: .zero).first else {
            Issue.record("the damage was not seen")
            return
        }
        #expect(error.code == .checksum)
        #expect(error.request == 3)
        transport.damages = { _ in false }
        try transport.send(header, tensor: tensor, to: link)
        #expect(kinds(try transport.poll(timeout: .zero)) == ["result 1"])
    }

    @Test("links connect when their node appears, and lose it when it is unreachable or gone")
    func reachability() throws {
        let transport = try InProcessExpertTransport()
        let link = try transport.connect("a")
        #expect(try transport.poll(timeout: .zero).isEmpty)
        let unconnected = #expect(throws: TransportError.self) {
            try transport.send(Samples.heartbeat, tensor: nil, to: link)
        }
        #expect(unconnected?.code == .notConnected)

        let node = EchoNode()
        transport.register(endpoint: "a", node: node)
        #expect(kinds(try transport.poll(timeout: .zero)) == ["connected 1"])
        let (header, tensor) = try Samples.dispatch(rows: 1, hiddenSize: 1)
        try transport.send(header, tensor: tensor, to: link)
        transport.setReachable("a", false)
        // The node got it and answers, but nobody hears.
        #expect(kinds(try transport.poll(timeout: .zero)) == ["disconnected 1"])
        transport.setReachable("a", true)
        #expect(kinds(try transport.poll(timeout: .zero)) == ["connected 1"])
        transport.register(endpoint: "a", node: EchoNode())
        #expect(kinds(try transport.poll(timeout: .zero)) == ["disconnected 1", "connected 1"])
        transport.unregister(endpoint: "a")
        #expect(kinds(try transport.poll(timeout: .zero)) == ["disconnected 1"])
        #expect(node.received.count == 1)
    }

    @Test("a link that was ended is unknown and silent")
    func disconnect() throws {
        let transport = try InProcessExpertTransport()
        transport.register(endpoint: "a", node: EchoNode())
        let link = try transport.connect("a")
        try transport.send(WireHeader(body: .hello(Samples.hello)), tensor: nil, to: link)
        transport.disconnect(link)
        #expect(try transport.poll(timeout: .zero).isEmpty)
        let error = #expect(throws: TransportError.self) {
            try transport.send(Samples.heartbeat, tensor: nil, to: link)
        }
        #expect(error?.code == .unknownLink)
    }

    @Test("messages that break the wire's rules are caught on both ways")
    func rules() throws {
        final class LiarNode: InProcessNode {
            var peer: PeerID?
            func receive(_ event: PeerEvent) {
                if case .message(let peer, _, _) = event { self.peer = peer }
            }
            func step() -> [OutboundReply] {
                guard let peer else { return [] }
                self.peer = nil
                return [OutboundReply(peer: peer, header: WireHeader(request: 1, body: .result(Samples.result)))]
            }
        }
        let transport = try InProcessExpertTransport()
        transport.register(endpoint: "a", node: LiarNode())
        let link = try transport.connect("a")
        let (header, _) = try Samples.dispatch(rows: 1, hiddenSize: 1)
        let error = #expect(throws: TransportError.self) { try transport.send(header, tensor: nil, to: link) }
        #expect(error?.code == .invalidMessage)
        try transport.send(Samples.heartbeat, tensor: nil, to: link)
        #expect(kinds(try transport.poll(timeout: .zero)) == ["connected 1", "malformed 1 frameCount"])
    }

    @Test("one poll returns a bounded number of events and loses none")
    func boundedPoll() throws {
        let transport = try InProcessExpertTransport(maximumEventsPerPoll: 3)
        transport.register(endpoint: "a", node: EchoNode())
        let link = try transport.connect("a")
        for request in 1...5 {
            let (header, tensor) = try Samples.dispatch(request: UInt64(request), rows: 1, hiddenSize: 1)
            try transport.send(header, tensor: tensor, to: link)
        }
        #expect(kinds(try transport.poll(timeout: .zero)) == ["connected 1", "result 1", "result 1"])
        #expect(kinds(try transport.poll(timeout: .zero)) == ["result 1", "result 1", "result 1"])
        #expect(try transport.poll(timeout: .zero).isEmpty)
    }
}
