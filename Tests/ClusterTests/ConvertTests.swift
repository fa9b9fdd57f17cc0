import Foundation
import Shared
import Testing

/// `medmoe convert`: there and back, and clusters from its shards.
@Suite(.serialized) struct ConvertTests {
    /// Runs `body` with a random checkpoint in a folder of its own.
    private func withRandomCheckpoint(
        _ arguments: [String],
        _ body: (URL, String) async throws -> Void,
    ) async throws {
        let folder = try Checkout.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let model = folder.appending(path: "model").path
        let made = try await Command.run(Checkout.script("make-random-checkpoint"), arguments + [model])
        try #require(made.status == 0, "\(made.errors)")
        try await body(folder, model)
    }

    private func convert(_ arguments: [String]) async throws -> String {
        let run = try await Command.run("medmoe", ["convert"] + arguments)
        try #require(run.status == 0, "\(run.errors)")
        #expect(run.errors.isEmpty, "progress is silent without a terminal")
        return run.output
    }

    /// Every tensor of two checkpoints has the same kind, shape and bytes.
    private func expectEqualWeights(_ one: String, _ other: String) throws {
        let (a, b) = (try Checkpoint(folder: one), try Checkpoint(folder: other))
        #expect(a.names == b.names)
        for name in a.names {
            #expect(a.entry(name)?.dtype == b.entry(name)?.dtype, "\(name)")
            #expect(a.entry(name)?.shape == b.entry(name)?.shape, "\(name)")
            let same = try bytes(name, a) == bytes(name, b)
            #expect(same, "\(name) differs")
        }
    }

    private func bytes(_ name: String, _ checkpoint: Checkpoint) throws -> [UInt8] {
        try checkpoint.withBytes(name) { span in span.withUnsafeBytes { Array($0) } }
    }

    @Test(
        "Converting there and back gives the first bytes again",
        arguments: [
            (["tiny-stablelm", "--shard-mb", "1"], "f16"), (["tiny-phi", "--dtype", "bf16"], "bf16"),
            (["tiny-stablelm", "--dtype", "f32"], "f32"),
        ]
    )
    func thereAndBack(arguments: [String], dtype: String) async throws {
        try await withRandomCheckpoint(arguments) { folder, model in
            let (wide, back, shards) = (
                folder.appending(path: "wide").path, folder.appending(path: "back").path,
                folder.appending(path: "shards").path
            )
            let there = try await convert([model, wide, "--dtype", "f32"])
            #expect(there.contains("numbers as they were"))
            #expect(try Checkpoint(folder: wide).entry("lm_head.weight")?.dtype == .f32)
            let again = try await convert([wide, back, "--dtype", dtype])
            #expect(again.contains("numbers as they were"))
            try expectEqualWeights(model, back)

            _ = try await convert([model, shards, "--shards", "per-expert"])
            let whole = folder.appending(path: "whole").path
            _ = try await convert([shards, whole])
            try expectEqualWeights(model, whole)
        }
    }

    @Test("Rounding to fewer bits is counted, and numbers beyond the range of halves are refused")
    func rounding() async throws {
        try await withRandomCheckpoint(["tiny-stablelm", "--dtype", "f32"]) { folder, model in
            let rounded = try await convert([model, folder.appending(path: "r").path, "--dtype", "bf16"])
            #expect(rounded.contains("numbers rounded"))

            // One number that no half can hold, in the last tensor's last place.
            let file = model + "/model.safetensors"
            var bytes = try Data(contentsOf: URL(filePath: file))
            withUnsafeBytes(of: Float(1e9)) { bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: $0) }
            try bytes.write(to: URL(filePath: file))
            let out = folder.appending(path: "h").path
            let refused = try await Command.run("medmoe", ["convert", model, out, "--dtype", "f16"])
            #expect(refused.status == 1)
            #expect(refused.errors.contains("65504") && refused.errors.contains("1e+09"), "\(refused.errors)")
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("h") }
            #expect(left.isEmpty, "\(left)")
        }
    }

    @Test("Bytes are shown, become nothing else and compute in nothing else")
    func inBytes() async throws {
        try await withRandomCheckpoint(["tiny-stablelm", "--dtype", "bf16"]) { folder, model in
            let whole = folder.appending(path: "whole").path
            let rounded = try await convert([model, whole, "--dtype", "int8"])
            #expect(rounded.contains("numbers rounded"))
            let shown = try await Command.run("medmoe", ["inspect", whole])
            #expect(shown.status == 0 && shown.output.contains(" I8"), "\(shown.output) \(shown.errors)")
            for dtype in ["f32", "bf16"] {
                let other = try await Command.run(
                    "medmoe",
                    ["convert", whole, folder.appending(path: "o").path, "--dtype", dtype]
                )
                #expect(other.status == 1 && other.errors.contains("original checkpoint"), "\(other.errors)")
            }
            let node = try await Command.run(
                "medmoe-expert",
                ["--model", whole, "--node", "n", "--experts", "*", "--dtype", "f32"]
            )
            #expect(node.status == 1 && node.errors.contains("--dtype int8"), "\(node.errors)")
        }
    }

    @Test("Damaged shards are not laundered, words that name no part are refused, and a slash at the end is no matter")
    func refusals() async throws {
        try await withRandomCheckpoint(["tiny-stablelm"]) { folder, model in
            let shards = folder.appending(path: "shards").path
            _ = try await convert([model, shards + "/", "--shards", "per-expert"])
            let expert = shards + "/expert-0.1.safetensors"
            var bytes = try Data(contentsOf: URL(filePath: expert))
            bytes[bytes.count - 5] ^= 4
            try bytes.write(to: URL(filePath: expert))
            let laundered = try await Command.run("medmoe", ["convert", shards, folder.appending(path: "x").path])
            #expect(laundered.status == 1)
            #expect(laundered.errors.contains("expert-0.1.safetensors"), "\(laundered.errors)")

            for only in ["", ","] {
                let run = try await Command.run(
                    "medmoe",
                    ["convert", model, folder.appending(path: "y").path, "--shards", "per-expert", "--only", only]
                )
                #expect(run.status == 2, "\(only): \(run.errors)")
            }
            let router = folder.appending(path: "router").path
            _ = try await convert([model, router, "--shards", "per-expert", "--only", "router"])
            for part in [router, shards] {
                let node = try await Command.run("medmoe-expert", ["--model", part, "--node", "n"])
                #expect(node.status != 0)
                #expect(node.errors.contains("expert"), "\(node.errors)")
            }
        }
    }

    @Test("A conversion that is told to end leaves nothing behind", arguments: [SIGTERM, SIGINT])
    func interrupted(signal: Int32) async throws {
        let folder = try Checkout.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = Process()
        process.executableURL = URL(filePath: Checkout.programs + "/medmoe")
        process.arguments = [
            "convert", Checkout.nano, folder.appending(path: "out").path, "--dtype", "f32", "--shards", "per-expert",
        ]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path) }
        let deadline = ContinuousClock.now + .seconds(30)
        // The temporary folder appears before the first of 22 files is written, each brought to the disk.
        while try files().isEmpty, process.isRunning, deadline > .now {
            try await Task.sleep(for: .milliseconds(1))
        }
        kill(process.processIdentifier, signal)
        while process.isRunning, deadline > .now { try await Task.sleep(for: .milliseconds(5)) }
        #expect(process.terminationReason == .exit, "the signal is heard and not died of")
        // It may have been done already; a part of a folder is never left.
        #expect(try files() == (process.terminationStatus == 0 ? ["out"] : []))
    }

    @Test("A cluster from shards answers as one from the whole, each process with its own part only")
    func parts() async throws {
        try await withRandomCheckpoint(["tiny-phi", "--experts", "3"]) { folder, model in
            var parts: [String: String] = [:]
            for slot in ["0", "1", "2", "meta"] {
                let part = folder.appending(path: "node-\(slot)").path
                _ = try await convert([model, part, "--shards", "per-expert", "--only", "*.\(slot)"])
                let weights = try FileManager.default.contentsOfDirectory(atPath: part)
                    .filter { $0.hasSuffix(".safetensors") }
                #expect(weights.sorted() == ["expert-0.\(slot).safetensors", "expert-2.\(slot).safetensors"])
                parts["expert-\(slot)"] = part
            }
            let routerPart = folder.appending(path: "router").path
            _ = try await convert([model, routerPart, "--shards", "per-expert", "--only", "router"])

            let whole = try await TestCluster.with(model: model) { _, http in
                try await http.ask("What is it?", maximumTokens: 12, extra: ["model": "model"])
            }
            #expect(whole.status == 200, "\(whole.text)")
            let fromParts = try await TestCluster.with(model: routerPart, parts: parts) { _, http in
                try await http.ask("What is it?", maximumTokens: 12, extra: ["model": "router"])
            }
            #expect(fromParts.status == 200, "\(fromParts.text)")
            #expect(!whole.content.isEmpty && whole.content == fromParts.content)
        }
    }

    @Test("A node takes the experts of its folder by itself, and refuses one that is not there")
    func nodeFolder() async throws {
        try await withRandomCheckpoint(["tiny-stablelm"]) { folder, model in
            let part = folder.appending(path: "part").path
            _ = try await convert([model, part, "--shards", "per-expert", "--only", "*.3"])
            let foreign = try await Command.run(
                "medmoe-expert",
                [
                    "--model", part, "--node", "n", "--experts", "0.2", "--admin-port", "0", "--listen",
                    "tcp://127.0.0.1:*",
                ]
            )
            #expect(foreign.status == 1)
            #expect(foreign.errors.contains("expert-0.2.safetensors"), "\(foreign.errors)")
            // Standard input is empty, so the node ends as soon as it is up.
            let own = try await Command.run(
                "medmoe-expert",
                [
                    "--model", part, "--node", "n", "--admin-port", "0", "--listen", "tcp://127.0.0.1:*",
                    "--exit-with-stdin",
                ]
            )
            #expect(own.status == 0, "\(own.errors)")
            #expect((own.errors + own.output).contains("experts=0.3,2.3"), "\(own.errors)")

            // One flipped byte in the weights is found before anything is served.
            let file = part + "/expert-2.3.safetensors"
            var bytes = try Data(contentsOf: URL(filePath: file))
            bytes[bytes.count - 7] ^= 1
            try bytes.write(to: URL(filePath: file))
            let damaged = try await Command.run(
                "medmoe-expert",
                ["--model", part, "--node", "n", "--admin-port", "0", "--listen", "tcp://127.0.0.1:*"]
            )
            #expect(damaged.status == 1)
            #expect(damaged.errors.contains("2.3") && damaged.errors.contains("damaged"), "\(damaged.errors)")
        }
    }
}
