import Foundation
import Testing

/// The short form of `make chaos`: the faults that say most, on real clusters.
@Suite(.serialized) struct ChaosTests {
    @Test("Faults under load cost what is allowed, and no answer is wrong or hangs")
    func shortForm() async throws {
        let folder = try Checkout.temporaryFolder()
        let run = try await Command.run(
            "medmoe-chaos",
            [Checkout.nano, "--short", "--json", "--seed", "1", "--duration", "16", "--logs", folder.path]
        )
        let report = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
        let rows = try #require(report?["rows"] as? [[String: Any]], "\(run.errors)")
        let names = rows.compactMap { $0["fault"] as? String }
        #expect(
            names == [
                "kill-replica", "kill-single-refuse", "kill-single-meta_only", "stop-1s", "other-weights",
                "cut-to-node",
            ]
        )
        for row in rows {
            let name = row["fault"] as? String ?? ""
            // None of these needs root or a kernel module.
            #expect(row["available"] as? Bool == true, "\(name): \(row["note"] ?? "")")
            #expect(row["requests"] as? Int ?? 0 > 30, "\(name) was hardly asked anything")
            #expect(row["wrong"] as? Int == 0, "\(name): wrong answers")
            #expect(row["hung"] as? Int == 0, "\(name): requests hung")
            #expect(
                (row["broken"] as? [String])?.isEmpty == true,
                "\(name): \(row["broken"] ?? "") \(row["failures"] ?? "")"
            )
        }
        #expect(run.status == 0, "\(run.errors) The logs are in \(folder.path).")
        if run.status == 0 { try? FileManager.default.removeItem(at: folder) }
    }

    @Test("A fault that nobody knows is refused with exit code 2, and --list names those that are known")
    func names() async throws {
        let unknown = try await Command.run("medmoe-chaos", [Checkout.nano, "--only", "nothing"])
        #expect(unknown.status == 2)
        #expect(unknown.errors.contains("--list"))
        let list = try await Command.run("medmoe-chaos", ["--list"])
        #expect(list.status == 0)
        for name in ["kill-replica", "drain", "disk-full", "clock-jump", "netem", "memory", "random"] {
            #expect(list.output.contains(name))
        }
    }
}
