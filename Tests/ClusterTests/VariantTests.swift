import Foundation
import Shared
import Testing

/// Every variant of the published forms, as a small random checkpoint: against the independent reference, and over
/// real processes against one process.
@Suite(.serialized) struct VariantTests {
    struct Variant: CustomTestStringConvertible, Sendable {
        var arguments: [String]
        var testDescription: String { arguments.joined(separator: " ") }

        init(_ words: String) { arguments = words.split(separator: " ").map(String.init) }
    }

    static let variants = [
        Variant("tiny-stablelm"), Variant("tiny-phi --dtype bf16 --shard-mb 1"),
        Variant("tiny-stablelm --no-meta --no-gate-bias --moe-mode second_half --dtype f32"),
        Variant("tiny-phi --no-meta --no-gate-bias --moe-mode first_half"),
        Variant("tiny-stablelm --top-k 2 --moe-mode dense --dtype bf16"),
        Variant("tiny-phi --top-k 2 --no-meta --experts 3,5"),
        Variant("tiny-stablelm --moe-mode 0,1,3 --experts 2,7,1"),
    ]

    @Test("A variant agrees with the reference, in one process and bit for bit in three", arguments: variants)
    func agrees(variant: Variant) async throws {
        let folder = try Checkout.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let model = folder.appending(path: "model").path
        let made = try await Command.run(Checkout.script("make-random-checkpoint"), variant.arguments + [model])
        try #require(made.status == 0, "\(made.errors)")

        let phantoms = Checkout.root.appending(path: "Tests/Fixtures/phantoms")
        let pictures = try FileManager.default.contentsOfDirectory(atPath: phantoms.path)
            .filter { $0.hasSuffix(".png") }.sorted().prefix(2)
        let common =
            [
                "trace", model, "--max-tokens", "6", "--prompt",
                "A USER: <image>\nWhat is it? ASSISTANT: it<|endoftext|>USER: <image> and?",
            ] + pictures.flatMap { ["--image", phantoms.appending(path: $0).path] }
        let (one, three) = (folder.appending(path: "1.safetensors").path, folder.appending(path: "3.safetensors").path)
        let local = try await Command.run("medmoe", common + ["--out", one])
        try #require(local.status == 0, "\(local.errors)")

        let python = Checkout.root.appending(path: ".build/python/bin/python").path
        let script = Checkout.root.appending(path: "dev/reference/check_trace.py").path
        let check = try await Command.run(python, [script, model, one])
        print("\(variant.testDescription): \(check.output.split(separator: "\n").first ?? "")")
        #expect(check.status == 0, "\(check.output)\(check.errors)")

        let remote = try await Command.run("medmoe", common + ["--out", three, "--cluster", "--nodes", "3"])
        try #require(remote.status == 0, "\(remote.errors)")
        try TraceTests.expectEqualTensors(one, three)
    }

    @Test("Top-2 agrees with the original code without its noise")
    func goldenTop2() async throws {
        guard let golden = Checkout.shared?.appending(path: "golden") else {
            return Checkout.sayNotRun("top-2 against the original code", needs: "the golden values")
        }
        let folder = try Checkout.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["stablelm-tiny", "phi-tiny"] {
            let source = golden.appending(path: name)
            let model = folder.appending(path: name)
            try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
            for file in try FileManager.default.contentsOfDirectory(atPath: source.path) where file != "config.json" {
                try FileManager.default.createSymbolicLink(
                    at: model.appending(path: file),
                    withDestinationURL: source.appending(path: file)
                )
            }
            let text = try String(contentsOf: source.appending(path: "config.json"), encoding: .utf8)
                .replacing("\"top_k_experts\": 1", with: "\"top_k_experts\": 2")
                .replacing("./clip-", with: golden.path + "/clip-")
            try text.write(to: model.appending(path: "config.json"), atomically: true, encoding: .utf8)
            let cases = source.appending(path: "cases.safetensors").path
            let expected = try SafetensorsFile(path: cases)
            let all = try JSONDecoder().decode(
                GoldenTests.Cases.self,
                from: Data(contentsOf: source.appending(path: "cases.json"))
            )
            let item = try #require(all.cases.first { $0.name == "ct_nopad" })
            let out = folder.appending(path: "\(name).safetensors").path
            let run = try await Command.run(
                "medmoe",
                [
                    "trace", model.path, "--prompt", item.prompt, "--max-tokens", "0", "--out", out,
                    "--pixels", "\(cases)#ct_nopad/pixel_values",
                ]
            )
            try #require(run.status == 0, "\(run.errors)")
            let trace = try SafetensorsFile(path: out)
            let output = try expected.float32("ct_nopad/top2.0.output")
            let routed = try trace.float32("routed_output.0")
            let meta = try trace.float32("meta_output.0")
            let sum = zip(routed, meta).map { $0 + $1 }
            let difference = GoldenTests.difference(sum, output)
            print("golden top-2 \(name): largest difference \(difference)")
            #expect(difference < 1e-4)
        }
    }
}
