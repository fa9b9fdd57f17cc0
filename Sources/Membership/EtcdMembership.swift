package import Logging
internal import ServiceLifecycle
package import Shared

/// Membership from etcd: the placement under `PREFIX/placement`, and nodes that register under `PREFIX/nodes/`.
///
/// Without a placement the nodes that are registered make it up. While etcd is away the last document stays.
package struct EtcdMembership: MembershipSource {
    private let address: EtcdAddress
    private let credentials: EtcdCredentials?
    private let moe: MoEConfiguration
    private let board: DocumentBoard
    private let logger: Logger
    private let grace: Duration

    /// A registration that vanished still counts for `grace`.
    package init(
        address: EtcdAddress,
        credentials: EtcdCredentials? = nil,
        moe: MoEConfiguration,
        board: DocumentBoard,
        logger: Logger,
        grace: Duration = .seconds(15),
    ) {
        self.address = address
        self.credentials = credentials
        self.moe = moe
        self.board = board
        self.logger = logger
        self.grace = grace
    }

    /// Does nothing: an etcd that is away may come.
    package func prepare() async throws {}

    /// Follows etcd until the graceful shutdown.
    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            try await EtcdClient.with(self.address, credentials: self.credentials) { try await self.follow($0) }
        }
    }

    private func follow(_ client: EtcdClient) async throws {
        var reader = EtcdReader(address: address, moe: moe, board: board, grace: grace, logger: logger)
        var reach = TroubleLog(logger, over: "etcd is back; changes are followed again.")
        var pause = Backoff()
        while true {
            do {
                let revision = try await reader.read(client)
                reach.note(nil)
                pause.reset()
                try await client.watch(address.prefix + "/", from: revision + 1) { _ = try await reader.read(client) }
                // Should etcd end each watch at once, it is still not asked without a breath between.
                try await Task.sleep(for: .milliseconds(100))
            } catch {
                try Task.checkCancellation()
                reach.note("\(error) The last placement stays until etcd answers again.")
                try await Task.sleep(for: pause.next())
            }
        }
    }
}
