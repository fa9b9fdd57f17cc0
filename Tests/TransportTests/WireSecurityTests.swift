internal import Foundation
internal import Glibc
internal import Shared
internal import Testing
internal import Transport

@Suite("Keys over ZeroMQ")
struct WireSecurityTests {
    @Test("With the right keys on both sides messages pass, and the node knows whose they are")
    func rightKeys() throws {
        let pair = try SecurePair()
        let link = try pair.connect()
        #expect(try pair.run { $0.connects(of: link) == 1 })
        try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
        #expect(try pair.run { $0.headers == [Samples.heartbeat] })
        #expect(pair.names == [NodeID("front")])
        #expect(pair.nodeRefused.isEmpty)
        #expect(pair.routerRefused.isEmpty)
    }

    @Test("A node that does not hold the expected key gets no traffic, and both sides count it")
    func wrongServerKey() throws {
        let pair = try SecurePair()
        let link = try pair.connect(expecting: try CurveKeyPair.generate().publicKey)
        #expect(try pair.run { $0.nodeRefused.contains(.wrongKey) && $0.routerRefused.contains(.handshake) })
        #expect(pair.connects(of: link) == 0)
        let error = #expect(throws: TransportError.self) {
            try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
        }
        #expect(error?.code == .notConnected)
    }

    @Test("A router whose key is not on the list is not let in, and both sides count it")
    func unknownRouter() throws {
        let pair = try SecurePair()
        pair.nodeTrust.replace(AllowList(routers: [try CurveKeyPair.generate().publicKey: NodeID("other")]))
        let link = try pair.connect()
        #expect(try pair.run { $0.nodeRefused.contains(.denied) && $0.routerRefused.contains(.denied) })
        #expect(pair.connects(of: link) == 0)
        #expect(pair.headers.isEmpty)

        // Let in once it is on the list: nothing has to be started again.
        pair.nodeTrust.replace(AllowList(routers: [pair.router.publicKey: NodeID("front")]))
        #expect(try pair.run { $0.connects(of: link) == 1 })
    }

    @Test("A router without keys is not let in by a node with them, nor does one with keys talk to a node without")
    func noKey() throws {
        let plain = try SecurePair(routerEncrypts: false)
        let link = try plain.connect()
        #expect(try plain.run { $0.nodeRefused.contains(.noKey) && $0.routerRefused.contains(.noKey) })
        #expect(plain.connects(of: link) == 0)

        let naked = try SecurePair(nodeEncrypts: false)
        let other = try naked.connect()
        #expect(try naked.run { $0.routerRefused.contains(.noKey) })
        #expect(naked.connects(of: other) == 0)
        #expect(naked.headers.isEmpty)
    }

    @Test("Where nobody authenticates, nothing gets through")
    func failsClosed() throws {
        let pair = try SecurePair(authenticates: false)
        let link = try pair.connect()
        _ = try pair.run { pair in
            if pair.connects(of: link) == 0 { return pair.routerRefused.isEmpty == false }
            try? pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
            return pair.nodeRefused.contains(.revoked)
        }
        #expect(pair.headers.isEmpty)
        #expect(!pair.nodeRefused.isEmpty || !pair.routerRefused.isEmpty)
    }

    @Test("A second authenticator in one context is refused")
    func oneAuthenticator() throws {
        let context = try ZMQContext()
        let first = try ZAPAuthenticator(context: context) { _ in true }
        #expect(throws: TransportError.self) { try ZAPAuthenticator(context: context) { _ in true } }
        try first.serve(for: .zero)
    }

    @Test("A key taken off the node's list loses its open connection's messages too")
    func revokedAtNode() throws {
        let pair = try SecurePair()
        let link = try pair.connect()
        #expect(try pair.run { $0.connects(of: link) == 1 })
        try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
        #expect(try pair.run { $0.headers.count == 1 })
        pair.nodeTrust.replace(AllowList())
        try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
        #expect(try pair.run { $0.nodeRefused == [.revoked] })
        #expect(pair.headers.count == 1)
    }

    @Test("A link follows the router's list: cut when its key goes, back when another is there")
    func trustOfRouter() throws {
        let pair = try SecurePair()
        let link = try pair.connect()
        #expect(try pair.run { $0.connects(of: link) == 1 })
        pair.routerTrust.replace(AllowList())
        #expect(try pair.run { $0.disconnects(of: link) == 1 })
        try pair.settle()
        #expect(pair.connects(of: link) == 1)
        pair.trust(pair.node.publicKey, at: pair.listener.endpoint)
        #expect(try pair.run { $0.connects(of: link) == 2 })
        try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
        #expect(try pair.run { $0.headers.count == 1 })
    }

    @Test("What is recorded of an encrypted connection has nothing of the message in it")
    func unreadable() throws {
        let pair = try SecurePair()
        pair.proxy = try RecordingProxy(to: pair.listener.endpoint)
        let link = try pair.connect()
        #expect(try pair.run { $0.connects(of: link) == 1 })
        let (header, tensor) = try Samples.dispatch(rows: 2, hiddenSize: 64)
        let rows = tensor.copyBytes()
        try pair.transport.send(header, tensor: tensor, to: link)
        #expect(try pair.run { $0.headers == [header] })
        let stream = Data(try #require(pair.proxy?.recorded.first).joined())
        #expect(stream.range(of: Data(rows)) == nil)
        #expect(stream.range(of: Data(try header.encode().copyBytes())) == nil)
    }

    @Test("A frame that comes twice is refused and counted, its connection ends, and a new one serves")
    func replayedFrame() throws {
        var options = ZMQSocketOptions()
        options.heartbeatInterval = .milliseconds(100)
        options.heartbeatTimeout = .milliseconds(300)
        options.heartbeatTimeToLive = .milliseconds(300)
        let pair = try SecurePair(options: options)
        let proxy = try RecordingProxy(to: pair.listener.endpoint)
        pair.proxy = proxy
        let link = try pair.connect()
        #expect(try pair.run { $0.connects(of: link) == 1 })
        let before = proxy.recorded[0].count
        try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
        #expect(try pair.run { $0.headers.count == 1 })
        let bytes = Array(proxy.recorded[0][before...].joined())
        #expect(!bytes.isEmpty)
        try proxy.inject(bytes)
        #expect(try pair.run { $0.nodeRefused.contains(.replay) })
        #expect(pair.headers.count == 1)
        // The router hears nothing more on that connection and makes another.
        #expect(try pair.run { $0.disconnects(of: link) == 1 && $0.connects(of: link) == 2 })
        try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
        #expect(try pair.run { $0.headers.count == 2 })
    }

    @Test("A whole connection played again does not get past the greeting")
    func replayedConnection() throws {
        let pair = try SecurePair()
        let proxy = try RecordingProxy(to: pair.listener.endpoint)
        pair.proxy = proxy
        let link = try pair.connect()
        #expect(try pair.run { $0.connects(of: link) == 1 })
        try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
        #expect(try pair.run { $0.headers.count == 1 })
        #expect(pair.nodeRefused.isEmpty)
        let descriptor = try proxy.replay(connection: 0)
        defer { close(descriptor) }
        #expect(try pair.run { !$0.nodeRefused.isEmpty })
        #expect(pair.nodeRefused.allSatisfy { [.wrongKey, .badProtocol].contains($0) }, "\(pair.nodeRefused)")
        try pair.settle()
        #expect(pair.headers.count == 1)
        #expect(pair.connects(of: link) == 1)
        #expect(pair.disconnects(of: link) == 0)
    }

    @Test("In plain an endpoint of other machines is refused with what to do, unless the operator insists")
    func plainElsewhere() throws {
        let context = try ZMQContext()
        let binding = #expect(throws: TransportError.self) {
            try ZMQExpertListener(bind: "tcp://0.0.0.0:*", context: context)
        }
        #expect(binding?.code == .plainRefused)
        #expect(binding?.message.contains("--key-file") == true)
        let transport = try ZMQExpertTransport(context: context)
        let connecting = #expect(throws: TransportError.self) { try transport.connect("tcp://192.0.2.1:7000") }
        #expect(connecting?.code == .plainRefused)

        var options = ZMQSocketOptions()
        options.permitsPlain = true
        _ = try ZMQExpertTransport(context: context, options: options).connect("tcp://192.0.2.1:7000")
        _ = try ZMQExpertListener(bind: "tcp://0.0.0.0:*", context: context, options: options)

        // With keys it needs no insisting.
        let pair = try SecurePair()
        pair.trust(pair.node.publicKey, at: "tcp://192.0.2.1:7000")
        _ = try pair.transport.connect("tcp://192.0.2.1:7000")
    }
}
