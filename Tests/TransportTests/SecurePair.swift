internal import Shared
internal import Transport

/// A router's transport and a node's listener with keys, the node's authenticator, and what they refused.
final class SecurePair {
    /// Keys of one process, or none.
    typealias Keys = CurveKeyPair?

    let router: CurveKeyPair
    let node: CurveKeyPair
    /// Whom the node lets in.
    let nodeTrust: WireTrust
    /// Whom the router takes for the node.
    let routerTrust: WireTrust
    let listener: ZMQExpertListener
    let transport: ZMQExpertTransport
    let authenticator: ZAPAuthenticator?
    var proxy: RecordingProxy?
    private(set) var nodeRefused: [WireFailure] = []
    private(set) var routerRefused: [WireFailure] = []
    private(set) var linkEvents: [LinkEvent] = []
    private(set) var headers: [WireHeader] = []
    private(set) var names: Set<NodeID?> = []

    init(
        nodeEncrypts: Bool = true,
        routerEncrypts: Bool = true,
        authenticates: Bool = true,
        options: ZMQSocketOptions = ZMQSocketOptions(),
    ) throws {
        router = try .generate()
        node = try .generate()
        nodeTrust = WireTrust(AllowList(routers: [router.publicKey: NodeID("front")]))
        routerTrust = WireTrust(AllowList())
        let context = try ZMQContext()
        let nodeTrust = nodeTrust
        authenticator =
            authenticates ? try ZAPAuthenticator(context: context) { nodeTrust.router(key: $0) != nil } : nil
        listener = try ZMQExpertListener(
            bind: "tcp://127.0.0.1:*",
            context: context,
            options: options,
            security: nodeEncrypts ? WireSecurity(keys: node, trust: nodeTrust) : nil,
        )
        transport = try ZMQExpertTransport(
            context: ZMQContext(),
            options: options,
            security: routerEncrypts ? WireSecurity(keys: router, trust: routerTrust) : nil,
        )
        listener.report = { [unowned self] in nodeRefused.append($0) }
        transport.report = { [unowned self] in routerRefused.append($1) }
    }

    /// Makes the router take the holder of a key for the node at an endpoint.
    func trust(_ key: CurvePublicKey, at endpoint: String) {
        routerTrust.replace(
            AllowList(nodes: [.init(name: NodeID("ct"), key: key, experts: [], endpoint: endpoint)])
        )
    }

    /// Connects, directly or through the proxy, to a node that is expected to hold `key` (its own, if none is given).
    func connect(expecting key: CurvePublicKey? = nil) throws -> LinkID {
        let endpoint = proxy?.endpoint ?? listener.endpoint
        trust(key ?? node.publicKey, at: endpoint)
        return try transport.connect(endpoint)
    }

    /// Drives everybody until the condition holds; false after ten seconds without it.
    func run(until condition: (SecurePair) throws -> Bool) throws -> Bool {
        let end = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < end {
            if try condition(self) { return true }
            try proxy?.step()
            try authenticator?.serve(for: .milliseconds(1))
            linkEvents += try transport.poll(timeout: .milliseconds(2))
            for case .message(let peer, let header, _) in try listener.poll(timeout: .milliseconds(2)) {
                headers.append(header)
                names.insert(listener.router(of: peer))
            }
        }
        return false
    }

    /// Drives everybody for a while; for what must not happen, after what must.
    func settle(_ time: Duration = .milliseconds(200)) throws {
        let end = ContinuousClock.now + time
        _ = try run { _ in ContinuousClock.now >= end }
    }

    func connects(of link: LinkID) -> Int {
        linkEvents.count { if case .connected(link) = $0 { true } else { false } }
    }

    func disconnects(of link: LinkID) -> Int {
        linkEvents.count { if case .disconnected(link) = $0 { true } else { false } }
    }
}
