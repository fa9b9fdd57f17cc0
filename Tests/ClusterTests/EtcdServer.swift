import Foundation
import LocalCluster

/// A real etcd of one member, for one test; killed and started again with what it had stored.
final class EtcdServer: @unchecked Sendable {
    // Used by one test, one call after another.
    private var process: Process?
    private let folder: URL
    private let peerPort: Int
    let port: Int

    /// The program, where the package etcd-server put it; nil without it.
    static let program: String? = ["/usr/bin/etcd", "/usr/local/bin/etcd"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    init(folder: URL) throws {
        guard let port = FreePort.find(), let peerPort = FreePort.find() else {
            throw HTTP.NotReady(message: "no free port")
        }
        self.folder = folder
        self.port = port
        self.peerPort = peerPort
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// Starts it, for the first time or again, and waits until it takes requests.
    func start() async throws {
        guard let program = Self.program else {
            throw HTTP.NotReady(message: "expected etcd in /usr/bin; install it with dev/install-packages --test")
        }
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = [
            "--data-dir", folder.appending(path: "etcd").path, "--listen-client-urls", url, "--advertise-client-urls",
            url,
            "--listen-peer-urls", "http://127.0.0.1:\(peerPort)",
            "--initial-advertise-peer-urls", "http://127.0.0.1:\(peerPort)",
            "--initial-cluster", "default=http://127.0.0.1:\(peerPort)",
        ]
        let log = folder.appending(path: "etcd.log")
        if !FileManager.default.fileExists(atPath: log.path) {
            FileManager.default.createFile(atPath: log.path, contents: nil)
        }
        let handle = try FileHandle(forWritingTo: log)
        try handle.seekToEnd()
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        self.process = process
        let http = HTTP(base: url)
        let deadline = ContinuousClock.now + .seconds(30)
        while deadline > .now {
            if let answer = try? await http.get("/health"), answer.text.contains("true") { return }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw HTTP.NotReady(message: "etcd at \(url) takes no requests; its log is \(log.path)")
    }

    /// Kills it at once and waits for its end.
    func kill() async throws {
        guard let process else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        let deadline = ContinuousClock.now + .seconds(10)
        while process.isRunning, deadline > .now { try await Task.sleep(for: .milliseconds(5)) }
        self.process = nil
    }
}
