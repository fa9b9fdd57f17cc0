internal import Foundation
internal import LocalCluster
internal import Shared
internal import Transport

/// The process of `medmoe bench echo-node`, with its sockets and its log in a folder of its own.
struct EchoProcess {
    /// Where the node listens, and where bare frames are answered.
    let endpoints: (node: String, probe: String)
    /// Bytes of the headers of a dispatch and of its result, as the wire has them.
    let headerBytes: (request: Int, reply: Int)
    private let child: ChildProcess
    private let folder: String

    /// Starts it; it may not listen yet.
    init(transport: BenchDispatch.Transport, rows: Int, hiddenSize: Int, spin: Duration) throws {
        folder = LocalCluster.freshSocketFolder()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        switch transport {
        case .ipc: endpoints = ("ipc://\(folder)/node", "ipc://\(folder)/probe")
        case .tcp:
            guard let first = FreePort.find(), let second = FreePort.find() else {
                throw AskError("Expected two free ports on 127.0.0.1, found fewer.")
            }
            endpoints = ("tcp://127.0.0.1:\(first)", "tcp://127.0.0.1:\(second)")
        }
        headerBytes = try Self.headerBytes(rows: rows, hiddenSize: hiddenSize)
        child = try ChildProcess(
            name: "echo",
            executable: ProgramFolder.path + "/medmoe",
            arguments: [
                "bench", "echo-node", "--listen", endpoints.node, "--probe", endpoints.probe, "--header-bytes",
                String(headerBytes.reply), "--hidden", String(hiddenSize), "--spin-microseconds",
                String(spin.microseconds),
            ],
            environment: ProcessInfo.processInfo.environment,
            logPath: folder + "/log",
        )
    }

    /// What it logged last.
    var log: String { child.logTail(lines: 5) }

    /// Ends it and takes its folder away.
    func stop() async {
        child.terminate()
        if !(await child.waitForExit(until: .now + .seconds(5))) { child.signal(SIGKILL) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The bytes of headers with numbers like those of a measurement.
    private static func headerBytes(rows: Int, hiddenSize: Int) throws -> (request: Int, reply: Int) {
        let groups = [RowGroup(expert: EchoModel.expert, rows: rows, weightsHash: try EchoModel.hash())]
        let request = DispatchMessage(
            groups: groups,
            hiddenSize: hiddenSize,
            deadlineMilliseconds: DispatchBenchmark.patience.milliseconds,
            placementEpoch: 1,
        )
        let reply = ResultMessage(
            groups: groups,
            hiddenSize: hiddenSize,
            queueMicroseconds: 1,
            computeMicroseconds: 1,
            placementEpoch: 1,
        )
        return (
            try WireHeader(request: 1000, body: .dispatch(request)).encode(checksum: 1).byteCount,
            try WireHeader(request: 1000, body: .result(reply)).encode(checksum: 1).byteCount
        )
    }
}
