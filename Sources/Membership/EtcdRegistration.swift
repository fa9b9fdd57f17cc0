package import Logging
internal import ServiceLifecycle
package import Shared

/// Keeps a node registered in etcd for as long as it runs: a key that hangs on a lease.
///
/// A node that dies vanishes when its lease ends; one that stops takes its key away. Nothing that goes wrong with etcd
/// stops a node from serving.
package struct EtcdRegistration: Service {
    private let address: EtcdAddress
    private let credentials: EtcdCredentials?
    private let node: NodeID
    private let registration: NodeRegistration
    private let leaseSeconds: Int
    private let logger: Logger

    /// Registers `node` with leases of `leaseSeconds`.
    package init(
        address: EtcdAddress,
        credentials: EtcdCredentials? = nil,
        node: NodeID,
        registration: NodeRegistration,
        leaseSeconds: Int = 10,
        logger: Logger,
    ) {
        self.address = address
        self.credentials = credentials
        self.node = node
        self.registration = registration
        self.leaseSeconds = leaseSeconds
        self.logger = logger
    }

    /// Registers, and again whenever the lease is lost, until the graceful shutdown.
    package func run() async throws {
        try? await EtcdClient.with(address, credentials: credentials) { client in
            let lease = LeaseNumber()
            try? await cancelWhenGracefulShutdown { try await self.keep(lease, client) }
            // So that no router waits for the lease to end.
            if let number = lease.value { try? await client.revoke(lease: number) }
        }
    }

    private func keep(_ lease: LeaseNumber, _ client: EtcdClient) async throws {
        var reach = TroubleLog(logger, over: "The node is registered in etcd again.")
        var pause = Backoff()
        while true {
            do {
                let number = try await client.grantLease(seconds: leaseSeconds)
                lease.value = number
                let former = try await client.put(address.nodesPrefix + node.rawValue, registration.json, lease: number)
                warn(of: former)
                reach.note(nil)
                pause.reset()
                try await renew(number, client, &reach)
            } catch {
                try Task.checkCancellation()
                reach.note("\(error) The node serves on and registers when etcd answers again.")
                try await Task.sleep(for: pause.next())
            }
        }
    }

    /// Keeps a lease alive; returns when it is over, or when the key is gone in spite of it.
    private func renew(_ lease: String, _ client: EtcdClient, _ reach: inout TroubleLog) async throws {
        let third = Duration.seconds(leaseSeconds) / 3
        var last = ContinuousClock.now
        while true {
            try await Task.sleep(for: third)
            do {
                guard try await client.keepAlive(lease: lease) else { return }
                last = .now
                // Another process of this name takes the key away when it stops, and a restored etcd never had it. One that
                // is another's is left to it.
                guard try await client.pair(address.nodesPrefix + node.rawValue) != nil else {
                    try await client.revoke(lease: lease)
                    return
                }
                reach.note(nil)
            } catch {
                try Task.checkCancellation()
                // A lease outlives a short absence, and etcd counts it from the start when it comes back.
                guard last.duration(to: .now) < .seconds(leaseSeconds) else { throw error }
                reach.note("\(error) The node serves on and registers when etcd answers again.")
            }
        }
    }

    private func warn(of former: [UInt8]?) {
        guard let former = former.flatMap({ NodeRegistration(json: $0) }), former.endpoint != registration.endpoint
        else {
            return
        }
        logger.warning(
            "Another process was registered under this node's name; names are unique in a cluster.",
            metadata: ["node.id": "\(node)", "endpoint": "\(former.endpoint)"],
        )
    }
}
