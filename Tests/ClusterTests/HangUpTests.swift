import Foundation
import Glibc
import LocalCluster
import Shared
import Testing

/// Callers that go away while their answer is computed.
@Suite(.serialized) struct HangUpTests {
    @Test("A caller that hangs up cancels its request, whole or streamed", arguments: [false, true])
    func hangUp(stream: Bool) async throws {
        try await TestCluster.with(routerArguments: ["--expert-timeout-ms", "20000"]) { cluster, http in
            _ = try await http.ask("What is shown?", maximumTokens: 4)
            let before = try await Self.count(of: "stop", http)
            // Every row goes to the meta expert: with its node stopped, every request is stuck in its first layer, however
            // much of its prompt was known.
            let node = try #require(cluster.node(NodeID("expert-meta")))
            node.signal(SIGSTOP)
            let port = http.base.split(separator: ":").last.map(String.init) ?? ""
            let body =
                #"{"model":"medmoe-nano","max_tokens":8,"stream":\(stream),"messages":[{"role":"user","content":"What is shown?"}]}"#
                .replacingOccurrences(of: "\\(stream)", with: String(stream))
            let request =
                "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            let sockets = try (0..<6).map { _ in try RawSocket(port: port, sending: request) }
            // All six are inside before anybody hangs up.
            try await Self.wait(http) {
                (Self.value($0, "medmoe_num_requests_running") ?? 0)
                    + (Self.value($0, "medmoe_num_requests_waiting") ?? 0)
                    == 6
            }
            for socket in sockets { socket.close() }
            try await Self.wait(http) { Self.value($0, #"medmoe_requests_total{outcome="cancelled"}"#) == 6 }
            node.signal(SIGCONT)
            try await http.waitForReadiness(within: .seconds(20))
            let answer = try await http.ask("What is shown?", maximumTokens: 4)
            #expect(answer.status == 200)
            try await Self.wait(http) {
                Self.value($0, "medmoe_num_requests_running") == 0 && Self.value($0, "medmoe_num_requests_waiting") == 0
            }
            // Only the one that was asked by a caller who stayed.
            #expect(try await Self.count(of: "stop", http) <= before + 1)
        }
    }

    static func count(of outcome: String, _ http: HTTP) async throws -> Double {
        let text = try await http.get("/metrics").text
        return value(text, #"medmoe_requests_total{outcome=""# + outcome + #""}"#) ?? 0
    }

    static func value(_ metrics: String, _ name: String) -> Double? {
        metrics.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
    }

    static func wait(_ http: HTTP, until condition: (String) -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while deadline > .now {
            if condition(try await http.get("/metrics").text) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        let metrics = try await http.get("/metrics").text
        Issue.record(
            "the condition did not come true; \(metrics.split(separator: "\n").filter { $0.contains("requests") })"
        )
    }
}

/// A connection that can be cut at any moment.
final class RawSocket: Sendable {
    private let descriptor: Int32

    init(port: String, sending text: String) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = (UInt16(port) ?? 0).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        try #require(connected == 0)
        let bytes = Array(text.utf8)
        try #require(send(descriptor, bytes, bytes.count, 0) == bytes.count)
    }

    func close() {
        _ = Glibc.close(descriptor)
    }
}
