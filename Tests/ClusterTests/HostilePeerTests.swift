import Foundation
import LocalCluster
import Testing

/// A real expert node against peers that lie.
@Suite(.serialized) struct HostilePeerTests {
    @Test("Frames with lying sizes and frames of garbage are refused, and honest ones answered as before")
    func lies() async throws {
        let python = Checkout.root.appending(path: ".build/python/bin/python").path
        try #require(
            FileManager.default.isExecutableFile(atPath: python),
            "run dev/python-env first (make test does)"
        )
        let folder = try Checkout.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let port = try #require(FreePort.find())
        let admin = try #require(FreePort.find())
        let node = try ChildProcess(
            name: "victim",
            executable: Checkout.programs + "/medmoe-expert",
            arguments: [
                "--model", Checkout.nano, "--node", "victim", "--experts", "*.0,*.meta",
                "--listen", "tcp://127.0.0.1:\(port)", "--admin-port", String(admin),
            ],
            environment: ProcessInfo.processInfo.environment,
            logPath: folder.appending(path: "victim.log").path
        )
        let http = HTTP(base: "http://127.0.0.1:\(admin)")
        try await http.waitForReadiness()
        let script = Checkout.root.appending(path: "Tests/ClusterTests/hostile_peer.py").path
        let run = try await Command.run(python, [script, "tcp://127.0.0.1:\(port)", "192"])
        #expect(run.status == 0, "\(run.output)\n\(run.errors)\n\(node.logTail())")
        #expect(run.output.contains("all checks passed"))
        #expect(node.isRunning)
        let metrics = try await http.get("/metrics").text
        #expect(metrics.contains("medmoe_node_faults_total"))
        let experts = try await http.get("/readyz").text
        for expert in ["0.0", "4.meta"] { #expect(experts.contains("\"\(expert)\":{\"proved_ms_ago\":"), "\(experts)") }
        #expect(experts.contains("\"state\":\"ready\"") && !experts.contains("\"failed\""))
        node.terminate()
        let ended = await node.waitForExit(until: .now + .seconds(20))
        #expect(ended)
        #expect(node.exitStatus == 0)
    }
}
