internal import Foundation
internal import Synchronization

/// A real etcd of one member, for tests: killed and started again with what it had stored, and gone with this process.
package final class EtcdProcess: Sendable {
    /// Becomes etcd, and beside it a shell that ends it when our end of the shell's input is closed, which the system does
    /// even if we are killed; at a line it ends itself alone.
    private static let script = #"exec 3<&0; (read -r _ <&3 || kill -9 $$) & exec "$@" </dev/null 3<&-"#

    private struct Running {
        var process: Process
        var input: Pipe
    }

    /// Where it takes requests.
    package let url: String
    private let program: String
    private let folder: String
    private let peers: String
    private let running = Mutex<Running?>(nil)

    /// Prepares one that keeps its data and its log in a folder; nil where the package etcd-server is not installed.
    package init?(folder: String) throws {
        let places = ["/usr/bin/etcd", "/usr/local/bin/etcd"]
        guard let program = places.first(where: FileManager.default.isExecutableFile) else { return nil }
        guard let port = FreePort.find(), let peerPort = FreePort.find() else {
            throw LocalClusterError(
                "Expected two free ports on the loopback interface for etcd, found none; end others."
            )
        }
        self.program = program
        self.folder = folder
        url = "http://127.0.0.1:\(port)"
        peers = "http://127.0.0.1:\(peerPort)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { kill() }

    /// Starts it, for the first time or again, and waits until `isHealthy` finds so at the address that it is given.
    package func start(_ isHealthy: (String) async -> Bool) async throws {
        try launch()
        let deadline = ContinuousClock.now + .seconds(30)
        while deadline > .now, running.withLock({ $0?.process.isRunning ?? false }) {
            if await isHealthy(url + "/health") { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw LocalClusterError("Expected etcd at \(url) to take requests, it does not; its log is \(log).")
    }

    private var log: String { folder + "/etcd.log" }

    private func launch() throws {
        let isThere = FileManager.default.fileExists(atPath: log)
        guard isThere || FileManager.default.createFile(atPath: log, contents: nil),
            let output = FileHandle(forUpdatingAtPath: log)
        else { throw LocalClusterError("Expected to write \(log), could not; look at the folder's permissions.") }
        try output.seekToEnd()
        let started = Running(process: Process(), input: Pipe())
        started.process.executableURL = URL(filePath: "/bin/sh")
        started.process.arguments = [
            "-c", Self.script, "sh", program, "--data-dir", folder + "/data", "--listen-client-urls", url,
            "--advertise-client-urls", url, "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
            "--initial-cluster", "default=" + peers,
        ]
        started.process.standardInput = started.input
        started.process.standardOutput = output
        started.process.standardError = output
        try started.process.run()
        running.withLock { $0 = started }
    }

    /// Ends it without warning, and returns when it is gone.
    package func kill() {
        let taken = running.withLock { running in
            defer { running = nil }
            return running
        }
        guard let taken else { return }
        // Before etcd's number can be that of another process.
        try? taken.input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
        try? taken.input.fileHandleForWriting.close()
        if taken.process.isRunning { _ = Foundation.kill(taken.process.processIdentifier, SIGKILL) }
        taken.process.waitUntilExit()
    }
}
