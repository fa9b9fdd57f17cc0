internal import ArgumentParser
internal import CommandSupport
internal import Foundation
internal import Kernels
internal import LocalCluster
internal import Logging
internal import Model
internal import Router
internal import ServiceLifecycle
internal import ServingOptions
internal import Shared
internal import Transport

/// `medmoe cluster up MODEL`: a router and its expert nodes as child processes.
struct ClusterUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start a router and its expert nodes, and keep them until Ctrl-C.",
        discussion: """
            One process for each expert index, one for the meta experts, one router; they
            talk protobuf over ZeroMQ. Every child has a log in the --logs folder, and
            ends when this command ends. A node that dies is reported and stays dead
            unless --restart is given; the router goes on with the others.

            EXAMPLES
              medmoe cluster up models/medmoe-nano
              medmoe cluster up models/medmoe-nano --nodes 3 --split layer --port 9000
            """,
    )

    @Argument(help: "The checkpoint folder.")
    var model: String

    @Option(help: "The port of the router's API.")
    var port = 8080

    @OptionGroup var layout: LayoutOptions

    @Option(help: "The folder for logs. (default: logs/cluster-PORT)")
    var logs: String?

    @OptionGroup var compute: ComputeOptions

    @OptionGroup var wire: WireOptions

    @OptionGroup var waiting: SpinOptions

    @OptionGroup var dispatch: DispatchOptions

    @Option(help: "Compute threads of the router; the nodes share its cores out. (default: the number of cores)")
    var threads: Int?

    @Flag(help: "Start a node again when it dies.")
    var restart = false

    @Option(name: .customLong("wait-seconds"), help: "How long to wait for the cluster to be ready.")
    var waitSeconds = 60

    func validate() throws {
        guard (1...65_535).contains(port) else { throw ValidationError("--port is 1 to 65535; \(port) came.") }
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads is 1 to 1024; \(threads) came.")
        }
        guard waitSeconds > 0 else { throw ValidationError("--wait-seconds is above 0; \(waitSeconds) came.") }
    }

    func run() async throws {
        guard FreePort.isFree(port) else {
            throw LocalClusterError("Port \(port) is in use by another process; stop it or choose another --port.")
        }
        let settings = try await Settings(file: nil)
        let weights = try ModelWeights(folder: model, dtype: compute.dtype(settings))
        let chosen = try compute.cores(settings)
        let cores = chosen.isEmpty ? ThreadPool.usableCores : chosen
        var configuration = LocalCluster.Configuration(
            model: model,
            nodes: try layout.makeNodes(weights.configuration.moe),
            programs: ProgramFolder.path,
            logs: logs ?? "logs/cluster-\(port)",
            sockets: LocalCluster.freshSocketFolder(),
            port: port,
            threads: threads ?? max(1, cores.count),
            dtype: weights.dtype.rawValue,
        )
        configuration.cores = cores
        configuration.routerArguments += ["--meta", layout.meta.rawValue] + dispatch.arguments
        let spin = ["--spin-microseconds", String(try waiting.spin(settings).microseconds)]
        configuration.routerArguments += spin
        configuration.nodeArguments += spin
        configuration.wireDType = try wire.dtype(settings).rawValue
        let cluster = try LocalCluster(configuration)
        let logger = try ProgramRunner.makeLogger(label: "medmoe", level: "warning")
        let service = ClusterUpService(cluster: cluster, restart: restart, patience: .seconds(waitSeconds))
        try await ProgramRunner.run([service], followsStandardInput: false, logger: logger)
    }
}

/// Starts the cluster, says how it stands, watches the children, and takes the cluster down at the end.
struct ClusterUpService: Service {
    let cluster: LocalCluster
    let restart: Bool
    let patience: Duration

    func run() async throws {
        do {
            try cluster.start()
            try await cancelWhenGracefulShutdown { try await waitUntilReady() }
            announce()
            try await watch()
            await cluster.stop()
        } catch is CancellationError {
            // Asked to end before the cluster was ready.
            await cluster.stop()
        } catch {
            await cluster.stop()
            throw error
        }
    }

    private func waitUntilReady() async throws {
        guard let url = cluster.url else { return }
        let deadline = ContinuousClock.now + patience
        let show = isatty(STDERR_FILENO) == 1
        while true {
            for process in cluster.processes where !process.isRunning {
                throw LocalClusterError(
                    "\(process.name) ended with status \(process.exitStatus ?? 0) before the cluster was ready; "
                        + "the end of \(process.logPath):\n\(process.logTail())"
                )
            }
            let nodes = try? await ControlClient.shared.nodes(url: url)
            if nodes?.ready == true { break }
            if show {
                let up = nodes?.nodes.count { $0.state == "up" } ?? 0
                FileHandle.standardError.write(
                    Data("\rwaiting for the nodes: \(up) of \(cluster.endpoints.count) ".utf8)
                )
            }
            guard deadline > .now else {
                throw LocalClusterError(
                    "The cluster was not ready after \(patience); see the logs in \(cluster.configuration.logs)."
                )
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        if show { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }

    private func announce() {
        var rows = [["PROCESS", "PID", "EXPERTS", "HEALTH"]]
        for node in cluster.configuration.nodes {
            let process = cluster.node(node.id)
            rows.append([
                node.id.rawValue, process.map { String($0.processID) } ?? "-", node.experts,
                cluster.adminURL(of: node.id).map { $0 + "/readyz" } ?? "-",
            ])
        }
        if let router = cluster.router, let url = cluster.url {
            rows.append(["router", String(router.processID), "-", url + "/readyz"])
            let text =
                TextTable.render(rows)
                    + """


                    The cluster is ready. Logs: \(cluster.configuration.logs)
                    Ask it:  medmoe ask --url \(url) --image IMAGE "your question"
                    API:     \(url)/v1   (OpenAI form; model name: GET \(url)/v1/models)
                    Ctrl-C ends all processes.

                    """
            // Written at once, not when a buffer is full: somebody waits for it.
            FileHandle.standardOutput.write(Data(text.utf8))
        }
    }

    /// Until the shutdown or the end of the router.
    private func watch() async throws {
        var reported: Set<Int32> = []
        var restarts = RestartPlan()
        let (ticks, continuation) = AsyncStream<Void>.makeStream()
        let timer = DispatchSource.makeTimerSource()
        timer.schedule(deadline: .now(), repeating: 0.2)
        timer.setEventHandler { continuation.yield() }
        timer.resume()
        defer { timer.cancel() }
        for await _ in ticks.cancelOnGracefulShutdown() {
            for process in cluster.processes where !process.isRunning && reported.insert(process.processID).inserted {
                let status = process.exitStatus ?? 0
                FileHandle.standardError.write(
                    Data("\(process.name) ended with status \(status); its log: \(process.logPath)\n".utf8)
                )
                guard process.name != "router" else {
                    throw LocalClusterError("The router has ended; the end of its log:\n\(process.logTail())")
                }
                if restart, let id = NodeID(validating: process.name) { restarts.died(id, now: .now) }
            }
            for id in restarts.due(now: .now) {
                do {
                    try cluster.startNode(id)
                } catch {
                    FileHandle.standardError.write(Data("\(id) cannot be started: \(error)\n".utf8))
                    restarts.died(id, now: .now)
                }
            }
        }
    }
}
