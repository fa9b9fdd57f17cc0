import Foundation
import Shared
import Testing

/// `medmoe trace` against values that other implementations computed: the original code over the golden cases (where
/// the checkout has them), and our own independent reference over phantoms (everywhere).
@Suite(.serialized) struct GoldenTests {
    struct Cases: Decodable {
        struct Case: Decodable {
            var name: String
            var images: [String]
            var pad: Bool?
            var prompt: String
            var input_ids: [Int]
            var experts: [String: [Int]]
            var greedy_ids: [Int]
            var greedy_text: String
        }

        var cases: [Case]
    }

    /// The largest difference of a tensor, relative to the largest magnitude in the expected one.
    struct Difference {
        var tensor: String
        var relative: Double
    }

    @Test(
        "The golden cases of both forms, from given pixels: within 1e-4, choices and greedy continuations equal",
        arguments: ["stablelm-tiny", "phi-tiny"]
    )
    func goldenPixels(model: String) async throws {
        guard let golden = Checkout.shared?.appending(path: "golden") else {
            return Checkout.sayNotRun("the golden cases of \(model), from pixels", needs: "the golden values")
        }
        try await compare(
            golden.appending(path: model),
            images: golden.appending(path: "images"),
            model: golden.appending(path: model).path,
            fromPixels: true,
            tolerance: 1e-4
        )
    }

    @Test(
        "The golden cases of both forms, from the image files: within 5e-3",
        arguments: ["stablelm-tiny", "phi-tiny"]
    )
    func goldenImages(model: String) async throws {
        guard let golden = Checkout.shared?.appending(path: "golden") else {
            return Checkout.sayNotRun("the golden cases of \(model), from images", needs: "the golden values")
        }
        try await compare(
            golden.appending(path: model),
            images: golden.appending(path: "images"),
            model: golden.appending(path: model).path,
            fromPixels: false,
            tolerance: 5e-3
        )
    }

    @Test("The phantoms over medmoe-nano agree with the independent reference", arguments: [true, false])
    func phantoms(fromPixels: Bool) async throws {
        let folder = Checkout.root.appending(path: "Tests/Fixtures/phantoms")
        try await compare(
            folder,
            images: folder,
            model: Checkout.nano,
            fromPixels: fromPixels,
            tolerance: fromPixels ? 1e-4 : 5e-3
        )
    }

    private func compare(
        _ folder: URL,
        images: URL,
        model: String,
        fromPixels: Bool,
        tolerance: Double,
    ) async throws {
        let cases = try JSONDecoder().decode(
            Cases.self,
            from: Data(contentsOf: folder.appending(path: "cases.json"))
        ).cases
        let expected = try SafetensorsFile(path: folder.appending(path: "cases.safetensors").path)
        #expect(cases.count >= 6)
        let scratch = try Checkout.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: scratch) }
        for item in cases {
            let out = scratch.appending(path: "\(item.name).safetensors").path
            var arguments = [
                "trace", model, "--prompt", item.prompt, "--max-tokens", String(item.greedy_ids.count), "--out", out,
            ]
            if !item.images.isEmpty {
                if fromPixels, expected.entry("\(item.name)/pixel_values") != nil {
                    arguments += [
                        "--pixels", folder.appending(path: "cases.safetensors").path + "#\(item.name)/pixel_values",
                    ]
                } else {
                    arguments += item.images.flatMap { ["--image", images.appending(path: $0).path] }
                    arguments += ["--image-aspect", item.pad == true ? "pad" : "crop"]
                }
            }
            let run = try await Command.run("medmoe", arguments)
            #expect(run.status == 0, "\(item.name): \(run.errors)")
            let trace = try SafetensorsFile(path: out)
            try check(item, trace: trace, expected: expected, tolerance: tolerance)
        }
    }

    private func check(
        _ item: Cases.Case,
        trace: SafetensorsFile,
        expected: SafetensorsFile,
        tolerance: Double,
    ) throws {
        #expect(try trace.integers("input_ids") == item.input_ids, "\(item.name): input ids")
        let pairs =
            [
                ("pixel_values", "pixel_values"), ("clip_features", "vision_features"),
                ("projected", "image_embeddings"),
            ] + (0..<64).map { ("hidden.\($0)", "hidden_states.\($0)") }
            + (0..<64).flatMap { layer in
                [
                    ("moe.\(layer).gate_logits", "gate_logits.\(layer)"),
                    ("moe.\(layer).weight", "gate_weight.\(layer)"),
                    ("moe.\(layer).routed", "routed_output.\(layer)"), ("moe.\(layer).meta", "meta_output.\(layer)"),
                ]
            } + [("logits_full", "logits")]
        var worst = Difference(tensor: "none", relative: 0)
        var firstStray: String?
        var compared = 0
        for (name, ours) in pairs {
            guard expected.entry("\(item.name)/\(name)") != nil else { continue }
            let difference = try Self.difference(trace.float32(ours), expected.float32("\(item.name)/\(name)"))
            compared += 1
            if difference > worst.relative { worst = Difference(tensor: ours, relative: difference) }
            // A grey level is 1/255 before normalising, 0.0146 after it, of values up to about 2.
            let allowed = name == "pixel_values" ? max(tolerance, 0.0152 / 1.8) : tolerance
            if difference > allowed, firstStray == nil { firstStray = ours }
        }
        if expected.entry("\(item.name)/logits_last") != nil {
            let last = try expected.float32("\(item.name)/logits_last")
            let difference = try Self.difference(Array(trace.float32("logits").suffix(last.count)), last)
            compared += 1
            if difference > worst.relative { worst = Difference(tensor: "logits (last)", relative: difference) }
            if difference > tolerance, firstStray == nil { firstStray = "logits (last)" }
        }
        print("golden \(item.name): \(compared) tensors, largest difference \(worst.relative) in \(worst.tensor)")
        #expect(compared >= 8, "\(item.name): too few tensors to mean anything")
        #expect(firstStray == nil, "\(item.name): \(firstStray ?? "") strays first; worst \(worst)")
        for (layer, experts) in item.experts {
            #expect(try trace.integers("expert_index.\(layer)") == experts, "\(item.name): layer \(layer)")
        }
        #expect(try trace.integers("generated_ids") == item.greedy_ids, "\(item.name): greedy ids")
        // The golden text has the published clean-up of spaces already.
        #expect(trace.metadata["generated_text"] == item.greedy_text, "\(item.name): greedy text")
    }

    /// The largest difference, relative to the largest expected magnitude; infinite when the sizes differ.
    static func difference(_ ours: [Float], _ theirs: [Float]) -> Double {
        guard ours.count == theirs.count, !ours.isEmpty else { return .infinity }
        var most = 0.0
        var scale = 0.0
        for (a, b) in zip(ours, theirs) {
            let difference = abs(Double(a) - Double(b))
            if difference.isNaN { return .infinity }
            most = max(most, difference)
            scale = max(scale, abs(Double(b)))
        }
        return most / max(scale, .leastNormalMagnitude)
    }
}
