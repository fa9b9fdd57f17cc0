import Foundation
import Shared
import Testing

/// `medmoe eval` and `medmoe score` as people call them.
@Suite(.serialized) struct EvaluationCommandTests {
    static let pictures = Checkout.root.appending(path: "Tests/Fixtures/phantoms")
    static let evaluation = Checkout.root.appending(path: "Tests/Fixtures/evaluation")

    /// A folder with a data file of some records about the phantoms.
    static func withRecords(
        _ count: Int = 6,
        image: (Int) -> String? = { _ in nil },
        _ body: (_ folder: URL, _ arguments: [String]) async throws -> Void,
    ) async throws {
        let folder = try Checkout.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let names = try FileManager.default.contentsOfDirectory(atPath: pictures.path).filter { $0.hasSuffix(".png") }
            .sorted()
        let records: [[String: Any]] = (0..<count).map { index in
            let isOpen = index.isMultiple(of: 2)
            return [
                "id": "r\(index)", "image": image(index) ?? names[index % names.count], "modality": "m\(index % 2)",
                "answer_type": isOpen ? "OPEN" : "CLOSED",
                "conversatons": [
                    ["from": "human", "value": "<image>\n" + (isOpen ? "What modality is this?" : "Is this normal?")],
                    ["from": "gpt", "value": isOpen ? "MRI" : "no"],
                ],
            ]
        }
        let data = folder.appending(path: "data.json")
        try JSONSerialization.data(withJSONObject: records).write(to: data)
        try await body(folder, ["--data", data.path, "--images", pictures.path])
    }

    static func json(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    static func lines(_ file: URL) throws -> [Substring] {
        String(decoding: try Data(contentsOf: file), as: UTF8.self).split(separator: "\n")
    }

    @Test("eval answers and scores; score gives the same figures; a stopped run goes on where it stopped")
    func resumes() async throws {
        try await Self.withRecords { folder, arguments in
            let out = folder.appending(path: "p.jsonl")
            let eval = ["eval", "--model", Checkout.nano, "--json", "--out", out.path] + arguments
            let whole = try await Command.run("medmoe", eval)
            #expect(whole.status == 0, "\(whole.errors)")
            #expect(whole.errors.isEmpty, "silent without a terminal: \(whole.errors)")
            let report = try Self.json(whole.output)
            #expect((report["closed"] as? [String: Any])?["n"] as? Int == 3)
            #expect((report["open"] as? [String: Any])?["n"] as? Int == 3)
            #expect((report["by_modality"] as? [String: Any])?.keys.sorted() == ["m0", "m1"])
            let first = try Self.lines(out)
            #expect(first.count == 6)

            let score = try await Command.run(
                "medmoe",
                ["score", "--json", "--predictions", out.path] + arguments.prefix(2)
            )
            #expect(score.output == whole.output)

            // Two lines lost and one cut in its middle.
            let cut = first.prefix(3).joined(separator: "\n") + "\n" + first[3].prefix(20)
            try Data(cut.utf8).write(to: out)
            let again = try await Command.run("medmoe", eval)
            #expect(again.output == whole.output)
            let second = try Self.lines(out)
            #expect(second.prefix(3).elementsEqual(first.prefix(3)), "what was there is not asked again")
            #expect(second.count == 6)
            #expect(second[3] != first[3], "what was lost is asked again: another answer id")
        }
    }

    @Test("A record without an answer is no empty answer: nothing is scored, and the exit code is 1")
    func unanswered() async throws {
        try await Self.withRecords(4, image: { $0 == 2 ? "missing.png" : nil }) { folder, arguments in
            let out = folder.appending(path: "p.jsonl")
            let eval = ["eval", "--model", Checkout.nano, "--out", out.path] + arguments
            let run = try await Command.run("medmoe", eval)
            #expect(run.status == 1)
            #expect(run.output.isEmpty)
            #expect(run.errors.contains("1 have none"))
            #expect(run.errors.contains("record 3"))
            #expect(try Self.lines(out).count == 3)
        }
    }

    @Test("Against a server the answers are those of the model in this process")
    func server() async throws {
        try await Self.withRecords { folder, arguments in
            let local = folder.appending(path: "local.jsonl")
            let remote = folder.appending(path: "remote.jsonl")
            let own = try await Command.run(
                "medmoe",
                ["eval", "--model", Checkout.nano, "--out", local.path] + arguments
            )
            #expect(own.status == 0, "\(own.errors)")
            // A queue of two places: most requests are refused at first, and come again.
            try await TestCluster.withServer(arguments: ["--max-queue", "2"]) { http in
                let run = try await Command.run(
                    "medmoe",
                    ["eval", "--url", http.base, "--concurrency", "6", "--out", remote.path] + arguments
                )
                #expect(run.status == 0, "\(run.errors)")
                #expect(run.output == own.output)
            }
        }
        let nobody = try await Command.run(
            "medmoe",
            ["eval", "--url", "http://127.0.0.1:1", "--data", Checkout.nano + "/config.json"]
        )
        #expect(nobody.status == 1)
    }

    @Test("Pictures with labels are classified by the likeliest label")
    func classification() async throws {
        let data = Self.evaluation.appending(path: "pneumoniamnist.npz").path
        let run = try await Command.run("medmoe", ["eval", "--model", Checkout.nano, "--data", data, "--json"])
        #expect(run.status == 0, "\(run.errors)")
        let report = try Self.json(run.output)
        let figures = try #require(report["classification"] as? [String: Any])
        #expect(figures["n"] as? Int == 3)
        #expect(figures["accuracy"] is Double)
    }

    @Test("A choice among texts comes with the score of each, and too long ones are refused")
    func choices() async throws {
        try await TestCluster.withServer { http in
            let body: [String: Any] = [
                "model": "medmoe-nano", "messages": [["role": "user", "content": "What modality is this?"]],
            ]
            func ask(_ choices: [String], _ more: [String: Any] = [:]) async throws -> HTTP.Answer {
                let options = more.merging(["choices": choices]) { first, _ in first }
                return try await http.post("/v1/chat/completions", json: body.merging(["medmoe": options]) { $1 })
            }
            let answer = try await ask(["CT", "MRI", "ultrasound"])
            #expect(answer.status == 200, "\(answer.text)")
            let scores = try #require((answer.json["medmoe"] as? [String: Any])?["choices"] as? [[String: Any]])
            #expect(scores.compactMap { $0["text"] as? String } == ["CT", "MRI", "ultrasound"])
            let means = scores.compactMap { $0["normalized"] as? Double }
            let best = try #require(means.indices.max { means[$0] < means[$1] })
            #expect(answer.content == scores[best]["text"] as? String)
            for score in scores {
                let sum = try #require(score["log_likelihood"] as? Double)
                let (tokens, mean) = (score["tokens"] as? Int ?? 0, score["normalized"] as? Double ?? 0)
                #expect(sum < 0 && abs(sum / Double(tokens) - mean) < 1e-9)
            }
            let both = try await ask(["CT"], ["provenance": "summary"])
            let keys = (both.json["medmoe"] as? [String: Any])?.keys.sorted() ?? []
            #expect(keys.contains("choices") && keys.contains("experts"))
            let long = try await ask([String(repeating: "carcinoma ", count: 70)])
            #expect(long.status == 400)
            #expect(long.error["param"] as? String == "medmoe.choices")
        }
    }

    @Test("Padding and cropping of a wide picture give different answers to the same question, on request")
    func aspect() async throws {
        let wide = try Data(contentsOf: Checkout.root.appending(path: "Tests/Fixtures/phantoms/cone_wide.png"))
        try await TestCluster.withServer { http in
            var scores: [String: [Double]] = [:]
            for aspect in ["pad", "crop", "none"] {
                var options: [String: Any] = ["choices": ["CT", "MRI"]]
                if aspect != "none" { options["image_aspect"] = aspect }
                let url = "data:image/png;base64,\(wide.base64EncodedString())"
                let parts: [[String: Any]] = [
                    ["type": "image_url", "image_url": ["url": url]], ["type": "text", "text": "Which?"],
                ]
                let answer = try await http.post(
                    "/v1/chat/completions",
                    json: [
                        "model": "medmoe-nano", "messages": [["role": "user", "content": parts]], "medmoe": options,
                    ]
                )
                let choices = (answer.json["medmoe"] as? [String: Any])?["choices"] as? [[String: Any]]
                scores[aspect] = choices?.compactMap { $0["log_likelihood"] as? Double }
            }
            #expect(scores["pad"]?.count == 2)
            #expect(scores["pad"] != scores["crop"])
            #expect(scores["none"] == scores["crop"], "this checkpoint says square: no padding")
        }
    }

    @Test("ask --model waits until the model answers")
    func askInProcess() async throws {
        let run = try await Command.run("medmoe", ["ask", "--model", Checkout.nano, "What modality is this?"])
        #expect(run.status == 0, "\(run.errors)")
        #expect(!run.output.isEmpty)
    }
}
