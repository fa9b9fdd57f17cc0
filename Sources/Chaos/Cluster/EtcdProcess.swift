internal import Foundation
internal import LocalCluster
internal import Synchronization

/// A real etcd of one member, killed and started again with what it had stored.
final class EtcdProcess: Sendable {
    /// Where it takes requests.
    let url: String
    private let program: String
    private let folder: String
    private let peers: String
    private let process = Mutex<Process?>(nil)

    /// Prepares one that keeps its data in a folder; nil where the program is missing.
    init?(folder: String) throws {
        guard let program = SystemTool.path("etcd") else { return nil }
        guard let port = FreePort.find(), let peerPort = FreePort.find() else {
            throw ChaosError(
                "Expected two free ports on the loopback interface for etcd, found none; end other servers."
            )
        }
        self.program = program
        self.folder = folder
        url = "http://127.0.0.1:\(port)"
        peers = "http://127.0.0.1:\(peerPort)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// Starts it and waits until it takes requests.
    func start(_ client: ChaosClient) async throws {
        let log = folder + "/etcd.log"
        let isThere = FileManager.default.fileExists(atPath: log)
        guard isThere || FileManager.default.createFile(atPath: log, contents: nil),
            let output = FileHandle(forUpdatingAtPath: log)
        else {
            throw ChaosError("Expected to write \(log), could not; look at the folder's permissions.")
        }
        try output.seekToEnd()
        let started = Process()
        started.executableURL = URL(filePath: program)
        started.arguments = [
            "--data-dir", folder + "/data", "--listen-client-urls", url, "--advertise-client-urls", url,
            "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster",
            "default=" + peers,
        ]
        started.standardOutput = output
        started.standardError = output
        started.standardInput = FileHandle.nullDevice
        try started.run()
        process.withLock { $0 = started }
        let deadline = ContinuousClock.now + .seconds(30)
        while deadline > .now {
            if await client.get(url + "/health")?.body.contains("true") == true { return }
            guard started.isRunning else { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ChaosError("Expected etcd at \(url) to take requests, it does not; its log is \(log).")
    }

    /// Ends it without warning.
    func kill() {
        process.withLock { process in
            guard let running = process else { return }
            Foundation.kill(running.processIdentifier, SIGKILL)
            running.waitUntilExit()
            process = nil
        }
    }
}
