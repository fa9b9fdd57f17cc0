internal import Foundation
package import Shared
internal import Synchronization

/// A router and its expert nodes as child processes on this machine.
///
/// Every child ends when this process ends. A node that dies stays dead until `startNode` brings it back; the router
/// goes on with the others meanwhile.
package final class LocalCluster: Sendable {
    /// How a cluster is set up.
    package struct Configuration: Sendable {
        /// The folder of the checkpoint.
        package var model: String
        /// The nodes and their experts.
        package var nodes: [NodeSpec]
        /// The folder of the three programs.
        package var programs: String
        /// The folder for logs.
        package var logs: String
        /// The folder for sockets, private to this cluster.
        package var sockets: String
        /// The port of the router's API; nil for a cluster without a router process.
        package var port: Int?
        /// Compute threads of the router.
        package var threads: Int
        /// The cores that the nodes share; none leaves each node one thread on any core.
        package var cores: [Int] = []
        /// What router and nodes compute with.
        package var dtype: String
        /// What rows are rounded to between the router and the nodes.
        package var wireDType = "f32"
        /// Further arguments of the router.
        package var routerArguments: [String] = []
        /// Where the router finds its nodes, in the words of `--membership`; nil for the endpoints of the layout.
        package var membership: String?
        /// Further arguments of each node.
        package var nodeArguments: [String] = []
        /// Variables that children get beside ours.
        package var environment: [String: String] = [:]

        /// Describes a cluster.
        package init(
            model: String,
            nodes: [NodeSpec],
            programs: String,
            logs: String,
            sockets: String,
            port: Int?,
            threads: Int,
            dtype: String = "f32",
        ) {
            self.model = model
            self.nodes = nodes
            self.programs = programs
            self.logs = logs
            self.sockets = sockets
            self.port = port
            self.threads = threads
            self.dtype = dtype
        }
    }

    private struct Children {
        var nodes: [String: ChildProcess] = [:]
        var router: ChildProcess?
        var adminPorts: [String: Int] = [:]
    }

    /// How it was set up.
    package let configuration: Configuration
    private let children = Mutex(Children())
    private let shares: [NodeID: CoreShare]

    /// Prepares a cluster; nothing runs yet.
    package init(_ configuration: Configuration) throws(LocalClusterError) {
        self.configuration = configuration
        shares = CoreShare.shares(of: configuration.cores, among: configuration.nodes)
        do {
            let manager = FileManager.default
            let mine: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
            try manager.createDirectory(atPath: configuration.logs, withIntermediateDirectories: true, attributes: mine)
            // Not one that is there already: it could be somebody else's, and hidden states pass through it.
            try manager.createDirectory(
                atPath: configuration.sockets,
                withIntermediateDirectories: false,
                attributes: mine,
            )
        } catch {
            throw LocalClusterError(
                "The folder \(configuration.logs) or \(configuration.sockets) cannot be made: "
                    + error.localizedDescription
            )
        }
    }

    /// A folder for sockets that nobody can guess, short enough for their paths; not made yet.
    package static func freshSocketFolder() -> String {
        let name = String(UInt64.random(in: .min ... .max), radix: 36)
        return FileManager.default.temporaryDirectory.appending(path: "medmoe-\(name)").path
    }

    /// The nodes' endpoints, in the order of the layout.
    package var endpoints: [String] { configuration.nodes.map { endpoint(of: $0.id) } }
    /// The address of the router's API, nil without one.
    package var url: String? { configuration.port.map { "http://127.0.0.1:\($0)" } }
    /// Everything that was started and not replaced, with its name.
    package var processes: [ChildProcess] {
        children.withLock { children in
            configuration.nodes.compactMap { children.nodes[$0.id.rawValue] } + [children.router].compactMap { $0 }
        }
    }

    /// A node's process.
    package func node(_ id: NodeID) -> ChildProcess? { children.withLock { $0.nodes[id.rawValue] } }
    /// The router's process.
    package var router: ChildProcess? { children.withLock { $0.router } }
    /// The address of a node's health endpoint.
    package func adminURL(of id: NodeID) -> String? {
        children.withLock { $0.adminPorts[id.rawValue] }.map { "http://127.0.0.1:\($0)" }
    }

    /// Starts all nodes and the router.
    package func start() throws(LocalClusterError) {
        for node in configuration.nodes { try startNode(node.id) }
        if configuration.port != nil { try startRouter() }
    }

    /// Starts one node of the layout, for the first time or again; `model` overrides the checkpoint.
    package func startNode(_ id: NodeID, model: String? = nil) throws(LocalClusterError) {
        guard let spec = configuration.nodes.first(where: { $0.id == id }) else {
            throw LocalClusterError("There is no node \(id) in the layout.")
        }
        guard let port = children.withLock({ $0.adminPorts[id.rawValue] }) ?? FreePort.find() else {
            throw LocalClusterError("No free port was found for the health endpoint of node \(id).")
        }
        let child = try ChildProcess(
            name: id.rawValue,
            executable: configuration.programs + "/medmoe-expert",
            arguments: [
                "--model", model ?? spec.model ?? configuration.model, "--node", id.rawValue, "--experts", spec.experts,
                "--listen", endpoint(of: id), "--admin-host", "127.0.0.1", "--admin-port", String(port),
                "--dtype", configuration.dtype,
            ] + (shares[id] ?? CoreShare(cores: [], threads: 1)).arguments + configuration.nodeArguments,
            environment: environment,
            logPath: configuration.logs + "/\(id.rawValue).log",
        )
        children.withLock { children in
            children.nodes[id.rawValue] = child
            children.adminPorts[id.rawValue] = port
        }
    }

    /// Starts the router.
    package func startRouter() throws(LocalClusterError) {
        guard let port = configuration.port else { throw LocalClusterError("This cluster has no router process.") }
        let child = try ChildProcess(
            name: "router",
            executable: configuration.programs + "/medmoe-router",
            arguments: [
                "--model", configuration.model, "--host", "127.0.0.1", "--port", String(port),
                "--threads", String(configuration.threads), "--dtype", configuration.dtype,
                "--wire-dtype", configuration.wireDType,
            ]
                + (configuration.membership.map { ["--membership", $0] } ?? [
                    "--nodes", endpoints.joined(separator: ","),
                ])
                + configuration.routerArguments,
            environment: environment,
            logPath: configuration.logs + "/router.log",
        )
        children.withLock { $0.router = child }
    }

    /// Ends the router, then the nodes; whoever does not end in time is killed.
    package func stop(within limit: Duration = .seconds(45)) async {
        let deadline = ContinuousClock.now + limit
        if let router {
            router.terminate()
            if !(await router.waitForExit(until: deadline)) { router.signal(SIGKILL) }
        }
        let nodes = processes
        for node in nodes { node.terminate() }
        for node in nodes where !(await node.waitForExit(until: deadline)) { node.signal(SIGKILL) }
        try? FileManager.default.removeItem(atPath: configuration.sockets)
    }

    private var environment: [String: String] {
        // Several small processes share the cores: each leaves OpenBLAS's own threads out.
        let ours = ProcessInfo.processInfo.environment.merging(["OPENBLAS_NUM_THREADS": "1"]) { old, _ in old }
        return ours.merging(configuration.environment) { _, new in new }
    }

    /// A node's endpoint.
    package func endpoint(of id: NodeID) -> String {
        "ipc://\(configuration.sockets)/\(id.rawValue).sock"
    }
}
