package import Logging
internal import NIOPosix
internal import ServiceLifecycle
package import Shared

/// Membership from a name with an address for each node, as a headless service of Kubernetes has.
///
/// The addresses are the names of the nodes until they say hello, and each hosts what it says it hosts.
package struct DNSMembership: MembershipSource {
    private let name: String
    private let port: Int
    private let board: DocumentBoard
    private let logger: Logger
    private let interval: Duration
    private let grace: Duration
    private let resolve: @Sendable (String) throws(MembershipError) -> [String]

    /// Resolves `name` every `interval`; an address that vanished still counts for `grace`.
    package init(
        name: String,
        port: Int,
        board: DocumentBoard,
        logger: Logger,
        interval: Duration = .seconds(5),
        grace: Duration = .seconds(15),
        resolve: @escaping @Sendable (String) throws(MembershipError) -> [String] = { name throws(MembershipError) in
            try HostAddresses.resolve(name)
        },
    ) {
        self.name = name
        self.port = port
        self.board = board
        self.logger = logger
        self.interval = interval
        self.grace = grace
        self.resolve = resolve
    }

    /// Does nothing: a name without addresses may have some later.
    package func prepare() async throws {}

    /// Resolves the name again and again until the graceful shutdown.
    package func run() async throws {
        try? await cancelWhenGracefulShutdown { try await self.follow() }
    }

    private func follow() async throws {
        var trouble = TroubleLog(logger, over: "The name \(name) has addresses again.")
        var members = LeaveGrace(period: grace)
        let start = ContinuousClock.now
        while true {
            // The system's resolver blocks.
            let found = try await NIOThreadPool.singleton.runIfActive { [name, resolve] in
                Result { () throws(MembershipError) in try resolve(name) }
            }
            switch found {
            case .success(let addresses):
                let nodes = addresses.map { Self.node(at: $0, port: port) }
                board.observe(members.members(seeing: nodes, at: start.duration(to: .now)))
                trouble.note(nil)
            case .failure(let error): trouble.note("\(error.message) The last addresses stay.")
            }
            try await Task.sleep(for: interval)
        }
    }

    /// The node at an address.
    package static func node(at address: String, port: Int) -> PlacementDocument.Node {
        let host = address.contains(":") ? "[\(address)]" : address
        // A scope of an address (fe80::1%eth0) has a character that names have not.
        let name = NodeID(String(address.map { $0 == "%" ? "_" : $0 }))
        return PlacementDocument.Node(id: name, at: "tcp://\(host):\(port)")
    }
}
