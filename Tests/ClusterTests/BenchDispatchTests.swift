import Foundation
import Testing

/// `medmoe bench dispatch` as people call it; how fast it is, no test says.
@Suite(.serialized) struct BenchDispatchTests {
    @Test("Dispatches and bare frames go between two processes, and every figure is there", arguments: ["ipc", "tcp"])
    func figures(transport: String) async throws {
        let run = try await Command.run(
            "medmoe",
            ["bench", "dispatch", "--rounds", "1", "--count", "50", "--transport", transport, "--json"]
        )
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.isEmpty, "silent without a terminal: \(run.errors)")
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any],
            "\(run.errors)"
        )
        #expect(report["transport"] as? String == transport)
        #expect((report["rounds"] as? [Any])?.count == 1)
        for kind in ["dispatch", "frames"] {
            let figures = try #require(report[kind] as? [String: Double], "\(kind)")
            let (p50, p99) = (try #require(figures["p50_us"]), try #require(figures["p99_us"]))
            #expect(p50 > 0 && p50 <= p99, "\(kind)")
        }
        let ratio = try #require(report["ratio"] as? [String: Double])
        for name in ["median", "min", "max"] { #expect(try #require(ratio[name]) > 0) }
        let bytes = try #require(report["bytes"] as? [String: Int])
        #expect(bytes["tensor"] == 8192)
        #expect(bytes["request_header"] ?? 0 > 32 && bytes["reply_header"] ?? 0 > 32, "headers name weights: \(bytes)")
    }

    @Test("Several rows come back as they were sent, and the table says what was sent")
    func table() async throws {
        let run = try await Command.run(
            "medmoe",
            ["bench", "dispatch", "--rounds", "2", "--count", "10", "--rows", "3", "--hidden", "96"]
        )
        #expect(run.status == 0, "\(run.errors)")
        for word in ["ROUND", "DISPATCH P50", "median", "3 rows of 96 over ipc", "1152 bytes there"] {
            #expect(run.output.contains(word), "\(word) in \(run.output)")
        }
    }

    @Test("Wrong words have the exit code 2")
    func wrongWords() async throws {
        for words in [
            ["dispatch", "--rounds", "0"], ["dispatch", "--count", "0"], ["dispatch", "--transport", "udp"],
            ["dispatch", "--rows", "8192", "--hidden", "65536"], ["kernels", "--threads", "0"],
            ["kernels", "--window", "0"],
        ] {
            let run = try await Command.run("medmoe", ["bench"] + words)
            #expect(run.status == 2, "\(words): \(run.output)\(run.errors)")
        }
    }

    @Test("Thresholds that cannot be read are said before anything is measured")
    func unreadableThresholds() async throws {
        let run = try await Command.run("medmoe", ["bench", "kernels", "--check", "/nowhere/thresholds.json"])
        #expect(run.status == 1)
        #expect(run.errors.contains("/nowhere/thresholds.json"), "\(run.errors)")
    }
}
