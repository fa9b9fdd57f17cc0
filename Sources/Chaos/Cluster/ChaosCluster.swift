internal import Foundation
package import LocalCluster
package import Shared
internal import Synchronization

/// Routers and nodes as child processes, any number of each, whose nodes can be killed, stopped and started again.
package final class ChaosCluster: Sendable {
    /// How one cluster is set up.
    package struct Configuration: Sendable {
        /// The nodes.
        package var spread: ChaosSetup.Spread
        /// Routers, each over all nodes.
        package var routers = 1
        /// Whether a proxy stands before each node.
        package var isProxied = false
        /// Where routers find the nodes and nodes register, such as `etcd:URL/PREFIX`; nil for a list of nodes.
        package var membership: String?
        /// Further arguments of the routers.
        package var routerArguments: [String] = []
        /// Further arguments of the nodes.
        package var nodeArguments: [String] = []
        /// Variables of the routers beside ours.
        package var routerEnvironment: [String: String] = [:]
        /// Whether a shell starts the routers, and becomes them.
        package var startsRouterThroughShell = false
        /// Where logs go; nil for a folder of the run's.
        package var logs: String?

        /// A cluster of these nodes.
        package init(_ spread: ChaosSetup.Spread) {
            self.spread = spread
        }
    }

    private struct Children {
        var nodes: [NodeID: ChildProcess] = [:]
        var routers: [ChildProcess] = []
        var starts = 0
    }

    /// How it was set up.
    package let configuration: Configuration
    /// Its nodes, in their order.
    package let nodes: [NodeSpec]
    /// The proxies before the nodes, where there are some.
    package let proxies: [NodeID: ChaosProxy]
    let setup: ChaosSetup
    private let listen: [NodeID: String]
    private let dial: [String]
    private let adminPorts: [NodeID: Int]
    private let ports: [Int]
    private let sockets: String
    private let logs: String
    private let children = Mutex(Children())

    /// Prepares a cluster; nothing runs yet.
    package init(_ configuration: Configuration, setup: ChaosSetup, name: String) throws {
        self.configuration = configuration
        self.setup = setup
        nodes = try setup.nodes(configuration.spread)
        logs = configuration.logs ?? setup.folder + "/" + name
        sockets = LocalCluster.freshSocketFolder()
        let manager = FileManager.default
        let mine: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
        try manager.createDirectory(atPath: logs, withIntermediateDirectories: true, attributes: mine)
        try manager.createDirectory(atPath: sockets, withIntermediateDirectories: false, attributes: mine)
        func port() throws -> Int {
            guard let port = FreePort.find() else {
                throw ChaosError("Expected a free port on the loopback interface, found none; end other servers.")
            }
            return port
        }
        var listen: [NodeID: String] = [:]
        var dial: [String] = []
        var proxies: [NodeID: ChaosProxy] = [:]
        var adminPorts: [NodeID: Int] = [:]
        for (index, node) in nodes.enumerated() {
            adminPorts[node.id] = try port()
            if configuration.isProxied {
                let (front, back) = (try port(), try port())
                proxies[node.id] = ChaosProxy(port: front, target: back, seed: setup.seed &+ UInt64(index) &* 1_000_003)
                listen[node.id] = "tcp://127.0.0.1:\(back)"
                dial.append("tcp://127.0.0.1:\(front)")
            } else {
                let endpoint = "ipc://\(sockets)/\(node.id.rawValue).sock"
                listen[node.id] = endpoint
                dial.append(endpoint)
            }
        }
        self.listen = listen
        self.dial = dial
        self.proxies = proxies
        self.adminPorts = adminPorts
        ports = try (0..<configuration.routers).map { _ in try port() }
    }

    /// The port of a router's API.
    package func port(_ router: Int = 0) -> Int { ports[router] }
    /// The address of a router's API.
    package func url(_ router: Int = 0) -> String { "http://127.0.0.1:\(ports[router])" }
    /// The address of a node's health and metrics.
    package func adminURL(of node: NodeID) -> String? { adminPorts[node].map { "http://127.0.0.1:\($0)" } }
    /// A router's process.
    package func router(_ index: Int = 0) -> ChildProcess? {
        children.withLock { $0.routers.indices.contains(index) ? $0.routers[index] : nil }
    }
    /// A node's process.
    package func node(_ id: NodeID) -> ChildProcess? { children.withLock { $0.nodes[id] } }
    /// All processes with their names.
    package var processes: [ChildProcess] {
        children.withLock { children in nodes.compactMap { children.nodes[$0.id] } + children.routers }
    }

    /// Starts all nodes and routers.
    package func start() throws {
        for node in nodes { try startNode(node.id) }
        for index in ports.indices {
            let router = try child(
                "router-\(index)",
                "/medmoe-router",
                (configuration.membership.map { ["--membership", $0] } ?? ["--nodes", dial.joined(separator: ",")]) + [
                    "--host", "127.0.0.1", "--port", String(ports[index]),
                    "--name", "router-\(index)", "--served-name", ChaosSetup.servedName, "--threads", "1",
                    // Cached beginnings are not computed again, and so would not be compared.
                    "--no-prefix-cache", "--max-queue", "4096", "--model", setup.model,
                ] + configuration.routerArguments,
                environment: configuration.routerEnvironment,
                throughShell: configuration.startsRouterThroughShell,
            )
            children.withLock { $0.routers.append(router) }
        }
    }

    /// Starts a node, for the first time or again, with the checkpoint of the run or another.
    package func startNode(_ id: NodeID, model: String? = nil) throws {
        guard let spec = nodes.first(where: { $0.id == id }), let endpoint = listen[id], let port = adminPorts[id]
        else { throw ChaosError("Expected a node of this cluster, found \(id).") }
        let process = try child(
            id.rawValue,
            "/medmoe-expert",
            [
                "--model", model ?? setup.model, "--node", id.rawValue, "--experts", spec.experts, "--listen", endpoint,
                "--admin-host", "127.0.0.1", "--admin-port", String(port), "--threads", "1",
            ] + (configuration.membership.map { ["--register", $0] } ?? []) + configuration.nodeArguments,
            environment: [:],
        )
        children.withLock { $0.nodes[id] = process }
    }

    /// Ends a node without warning, and returns when it is gone.
    package func kill(_ id: NodeID) async throws {
        guard let process = node(id) else { return }
        process.signal(SIGKILL)
        guard await process.waitForExit(until: .now + .seconds(10)) else {
            throw ChaosError("Expected node \(id) to end after SIGKILL, it did not.")
        }
    }

    /// Ends everything; whoever does not end in time is killed.
    package func stop() async {
        let all = processes
        // A stopped process does not hear anything else.
        for process in all { process.signal(SIGCONT) }
        for process in all { process.terminate() }
        let deadline = ContinuousClock.now + .seconds(15)
        for process in all where !(await process.waitForExit(until: deadline)) { process.signal(SIGKILL) }
        for process in all { _ = await process.waitForExit(until: .now + .seconds(5)) }
        try? FileManager.default.removeItem(atPath: sockets)
    }

    private func child(
        _ name: String,
        _ program: String,
        _ arguments: [String],
        environment: [String: String],
        throughShell: Bool = false,
    ) throws -> ChildProcess {
        let ours = ["OPENBLAS_NUM_THREADS": "1"].merging(environment) { _, new in new }
        return try ChildProcess(
            name: name,
            executable: throughShell ? "/bin/sh" : setup.programs + program,
            arguments: (throughShell ? ["-c", #"exec "$0" "$@""#, setup.programs + program] : []) + arguments,
            environment: ProcessInfo.processInfo.environment.merging(ours) { _, new in new },
            logPath: logs + "/\(name).log",
        )
    }
}
