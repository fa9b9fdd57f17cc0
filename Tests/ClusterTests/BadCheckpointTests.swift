import Foundation
import Testing

/// Checkpoints that cannot be served: each program says which file and tensor, exit code 1.
@Suite(.serialized) struct BadCheckpointTests {
    struct Case: Sendable {
        var name: String
        var change: @Sendable (URL) throws -> Void
        var words: [String]
    }

    /// The parts of a safetensors file.
    static func read(_ folder: URL) throws -> (header: [String: Any], data: Data) {
        let file = try Data(contentsOf: folder.appending(path: "model.safetensors"))
        let length = Int(file.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        let header = try JSONSerialization.jsonObject(with: file[8..<8 + length]) as? [String: Any]
        return (try #require(header), file[(8 + length)...])
    }

    static func write(_ header: [String: Any], _ data: Data, to file: URL) throws {
        let json = try JSONSerialization.data(withJSONObject: header)
        var bytes = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) }
        bytes.append(json)
        bytes.append(data)
        try bytes.write(to: file)
    }

    static let up = "model.layers.2.mlp.deepspeed_moe.experts.deepspeed_experts.1.up_proj.weight"

    static let cases: [Case] = [
        Case(
            name: "a missing tensor",
            change: { folder in
                var (header, data) = try read(folder)
                // Under another name the bytes are still accounted for, as the format demands.
                header["something.else"] = header[up]
                header[up] = nil
                try write(header, data, to: folder.appending(path: "model.safetensors"))
            },
            words: [up, "(384, 192)"]
        ),
        Case(
            name: "a wrong shape",
            change: { folder in
                var (header, data) = try read(folder)
                var entry = header[up] as? [String: Any] ?? [:]
                entry["shape"] = [192, 384]
                header[up] = entry
                try write(header, data, to: folder.appending(path: "model.safetensors"))
            },
            words: [up, "(384, 192)", "(192, 384)"]
        ),
        Case(
            name: "a truncated shard",
            change: { folder in
                let file = folder.appending(path: "model.safetensors")
                try Data(contentsOf: file).prefix(9_000_000).write(to: file)
            },
            words: ["model.safetensors"]
        ),
        Case(
            name: "an index that names an absent file",
            change: { folder in
                let names = try read(folder).header.keys.filter { $0 != "__metadata__" }
                try FileManager.default.removeItem(at: folder.appending(path: "model.safetensors"))
                let map = Dictionary(uniqueKeysWithValues: names.map { ($0, "model-00001-of-00002.safetensors") })
                let index = try JSONSerialization.data(withJSONObject: ["weight_map": map])
                try index.write(to: folder.appending(path: "model.safetensors.index.json"))
            },
            words: ["model-00001-of-00002.safetensors"]
        ),
        Case(
            name: "a configuration that is not JSON",
            change: { try Data("{".utf8).write(to: $0.appending(path: "config.json")) },
            words: ["config.json"]
        ),
        Case(
            name: "no tokenizer",
            change: { folder in
                for name in ["tokenizer.json", "merges.txt"] {
                    try FileManager.default.removeItem(at: folder.appending(path: name))
                }
            },
            words: ["merges.txt"]
        ),
    ]

    @Test("Each broken checkpoint is refused with its file and tensor, by one process and by a router")
    func refused() async throws {
        for item in Self.cases {
            let folder = try Checkout.temporaryFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let copy = folder.appending(path: "broken")
            try FileManager.default.copyItem(at: URL(filePath: Checkout.nano), to: copy)
            try item.change(copy)
            for (program, arguments) in [
                ("medmoe", ["serve", copy.path, "--port", "0"]),
                ("medmoe-router", ["--model", copy.path, "--nodes", "tcp://127.0.0.1:1", "--port", "0"]),
            ] {
                let run = try await Command.run(program, arguments, within: .seconds(30))
                #expect(run.status == 1, "\(item.name): \(run.errors)")
                for word in item.words {
                    #expect(run.errors.contains(word), "\(item.name), \(program): \(run.errors)")
                }
                #expect(run.errors.split(separator: "\n").count <= 2, "\(item.name): \(run.errors)")
            }
        }
    }

    @Test("A node refuses a checkpoint whose expert is incomplete, and an expert that the model does not have")
    func node() async throws {
        let folder = try Checkout.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let copy = folder.appending(path: "broken")
        try FileManager.default.copyItem(at: URL(filePath: Checkout.nano), to: copy)
        try Self.cases[0].change(copy)
        let common = ["--node", "n", "--listen", "ipc://\(folder.path)/s", "--admin-port", "0"]
        let incomplete = try await Command.run(
            "medmoe-expert",
            ["--model", copy.path, "--experts", "*.1"] + common,
            within: .seconds(30)
        )
        #expect(incomplete.status == 1)
        #expect(incomplete.errors.contains(Self.up), "\(incomplete.errors)")
        let absent = try await Command.run(
            "medmoe-expert",
            ["--model", Checkout.nano, "--experts", "*.9"] + common,
            within: .seconds(30)
        )
        #expect(absent.status == 2)
        #expect(absent.errors.contains("*.9"), "\(absent.errors)")
    }
}
