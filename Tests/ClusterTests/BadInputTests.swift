import Foundation
import Testing

/// Requests that cannot be answered: each its own clear error of the OpenAI form, and the server lives.
@Suite(.serialized) struct BadInputTests {
    struct Case: Sendable {
        var name: String
        var body: @Sendable () throws -> Data
        var status: Int
        var code: String
        var words: String
    }

    static func chat(_ content: Any, _ extra: [String: Any] = [:]) throws -> Data {
        let body: [String: Any] = ["model": "medmoe-nano", "messages": [["role": "user", "content": content]]]
        return try JSONSerialization.data(withJSONObject: body.merging(extra) { _, new in new })
    }

    static func image(_ data: Data, type: String = "image/png", text: String = "What is this?") throws -> Data {
        try chat([
            ["type": "image_url", "image_url": ["url": "data:\(type);base64,\(data.base64EncodedString())"]],
            ["type": "text", "text": text],
        ])
    }

    static func phantomPNG() throws -> Data {
        let folder = Checkout.root.appending(path: "Tests/Fixtures/phantoms")
        let name = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".png") }
            .min()
        return try Data(contentsOf: folder.appending(path: try #require(name)))
    }

    /// A file whose header claims more pixels than the limit allows.
    static func hugePNG() throws -> Data {
        try Data(contentsOf: Checkout.root.appending(path: "Tests/Fixtures/images/bad/giant.png"))
    }

    static let cases: [Case] = [
        Case(name: "not JSON", body: { Data("{".utf8) }, status: 400, code: "invalid_request", words: "JSON"),
        Case(name: "not an object", body: { Data("[]".utf8) }, status: 400, code: "invalid_request", words: "object"),
        Case(
            name: "no messages",
            body: { Data(#"{"model":"medmoe-nano"}"#.utf8) },
            status: 400,
            code: "invalid_request",
            words: "messages"
        ),
        Case(
            name: "content is a number",
            body: { try chat(7) },
            status: 400,
            code: "invalid_request",
            words: "content"
        ),
        Case(
            name: "temperature is text",
            body: { try chat("?", ["temperature": "hot"]) },
            status: 400,
            code: "invalid_request",
            words: "temperature"
        ),
        Case(
            name: "max_tokens is a fraction",
            body: { try chat("?", ["max_tokens": 1.5]) },
            status: 400,
            code: "invalid_request",
            words: "max_tokens"
        ),
        Case(
            name: "an unknown field",
            body: { try chat("?", ["beam_width": 4]) },
            status: 400,
            code: "invalid_request",
            words: "beam_width"
        ),
        Case(name: "n is 2", body: { try chat("?", ["n": 2]) }, status: 400, code: "invalid_request", words: "n"),
        Case(
            name: "an unknown model",
            body: { try chat("?", ["model": "gpt-9"]) },
            status: 404,
            code: "model_not_found",
            words: "gpt-9"
        ),
        Case(name: "an empty question", body: { try chat("") }, status: 400, code: "invalid_request", words: "text"),
        Case(
            name: "two users in a row",
            body: {
                try chat("?", ["messages": [["role": "user", "content": "a"], ["role": "user", "content": "b"]]])
            },
            status: 400,
            code: "invalid_request",
            words: "role"
        ),
        Case(
            name: "not an image",
            body: { try image(Data("hello, I am no image at all".utf8)) },
            status: 400,
            code: "invalid_request",
            words: "image"
        ),
        Case(
            name: "a truncated PNG",
            body: { try image(try phantomPNG().prefix(200)) },
            status: 400,
            code: "invalid_request",
            words: "PNG"
        ),
        Case(
            name: "an image over the pixel limit",
            body: { try image(try hugePNG()) },
            status: 413,
            code: "request_too_large",
            words: "pixels"
        ),
        Case(
            name: "bad base64",
            body: {
                try chat([["type": "image_url", "image_url": ["url": "data:image/png;base64,&&&"]]])
            },
            status: 400,
            code: "invalid_request",
            words: "base64"
        ),
        Case(
            name: "a remote URL",
            body: {
                try chat([["type": "image_url", "image_url": ["url": "http://127.0.0.1/x.png"]]])
            },
            status: 400,
            code: "invalid_request",
            words: "data URL"
        ),
        Case(
            name: "one place for two images",
            body: {
                let url = "data:image/png;base64,\(try phantomPNG().base64EncodedString())"
                return try chat([
                    ["type": "image_url", "image_url": ["url": url]], ["type": "image_url", "image_url": ["url": url]],
                    ["type": "text", "text": "<image>\nBoth?"],
                ])
            },
            status: 400,
            code: "invalid_request",
            words: "<image>"
        ),
        Case(
            name: "a place without an image",
            body: { try chat("<image>\nWhat?") },
            status: 400,
            code: "invalid_request",
            words: "<image>"
        ),
        Case(
            name: "a prompt over the context",
            body: { try chat(String(repeating: "Is it? ", count: 400)) },
            status: 400,
            code: "invalid_request",
            words: "positions"
        ),
    ]

    @Test("Each bad request gets its own error, and the server goes on answering")
    func badRequests() async throws {
        try await TestCluster.withServer { http in
            let before = try await http.ask("Why?", maximumTokens: 4)
            for item in Self.cases {
                let answer = try await http.post("/v1/chat/completions", try item.body())
                #expect(answer.status == item.status, "\(item.name): \(answer.text)")
                #expect(Set(answer.error.keys) == ["message", "type", "param", "code"], "\(item.name)")
                #expect(answer.error["code"] as? String == item.code, "\(item.name)")
                #expect(answer.errorMessage.contains(item.words), "\(item.name): \(answer.errorMessage)")
                #expect(answer.errorMessage.utf8.count < 400, "\(item.name): the message is long")
            }
            let missing = try await http.get("/v1/nothing")
            #expect(missing.status == 404)
            #expect(missing.error["code"] as? String == "not_found")
            let after = try await http.ask("Why?", maximumTokens: 4)
            #expect(after.content == before.content)
            let metrics = try await http.get("/metrics").text
            #expect(metrics.contains(#"medmoe_requests_total{outcome="invalid_request"}"#))
        }
    }

    @Test("A body over the limit is refused with 413")
    func bodyTooLarge() async throws {
        try await TestCluster.withServer(arguments: ["--max-body-mib", "1"]) { http in
            let answer = try await http.post("/v1/chat/completions", Data(count: 2 << 20))
            #expect(answer.status == 413)
            #expect(answer.error["code"] as? String == "request_too_large")
        }
    }

    @Test("A port in use is said in one sentence, exit code 1")
    func portInUse() async throws {
        try await TestCluster.withServer { http in
            let port = http.base.split(separator: ":").last.map(String.init) ?? ""
            let second = try await Command.run("medmoe", ["serve", Checkout.nano, "--port", port])
            #expect(second.status == 1)
            #expect(second.errors.contains("in use"), "\(second.errors)")
        }
    }

    @Test("cluster up says that its port is in use, and starts nothing")
    func clusterPortInUse() async throws {
        try await TestCluster.withServer { http in
            let port = http.base.split(separator: ":").last.map(String.init) ?? ""
            let up = try await Command.run("medmoe", ["cluster", "up", Checkout.nano, "--port", port])
            #expect(up.status == 1)
            #expect(up.errors.contains("Port \(port) is in use"), "\(up.errors)")
            #expect(up.output.isEmpty)
        }
    }

    @Test("Sixteen huge pictures that cannot fit the context are refused before one is decoded")
    func picturesOverContext() async throws {
        let picture = try Data(contentsOf: Checkout.root.appending(path: "Tests/Fixtures/images/bad/truncated.png"))
        let url = "data:image/png;base64,\(picture.base64EncodedString())"
        let parts = [[String: Any]](repeating: ["type": "image_url", "image_url": ["url": url]], count: 16)
        let body = try Self.chat(parts + [["type": "text", "text": "All?"]])
        try await TestCluster.withServer { http in
            let answer = try await http.post("/v1/chat/completions", body)
            #expect(answer.status == 400)
            // About the context, not about the pictures, which are broken too.
            #expect(answer.errorMessage.contains("positions"), "\(answer.errorMessage)")
        }
    }

    @Test(
        "Wrong words end with exit code 2 and say what is wrong",
        arguments: [
            ("medmoe", ["serve"], "model"), ("medmoe", ["cluster", "up", Checkout.nano, "--nodes", "99"], "nodes"),
            ("medmoe", ["cluster", "up", Checkout.nano, "--port", "0"], "port"), ("medmoe", ["dance"], "dance"),
            ("medmoe-expert", ["--model", "x", "--node", "a b", "--experts", "all"], "node"),
            ("medmoe-expert", ["--model", "x", "--node", "n"], "experts"),
            ("medmoe-expert", ["--model", "x", "--node", "n", "--memory-mib", "9"], "--accept-placement"),
            ("medmoe-expert", ["--model", "x", "--node", "n", "--advertise", "tcp://a:1"], "--register"),
            ("medmoe-router", ["--model", "x"], "nodes"),
            ("medmoe-router", ["--model", "x", "--nodes", "tcp://127.0.0.1:1", "--port", "99999"], "port"),
        ] as [(String, [String], String)]
    )
    func wrongWords(program: String, arguments: [String], words: String) async throws {
        let run = try await Command.run(program, arguments)
        #expect(run.status == 2, "\(run.errors)")
        #expect(run.errors.contains(words), "\(run.errors)")
    }

    @Test("An endpoint that can never work is refused at once")
    func badEndpoint() async throws {
        let run = try await Command.run("medmoe-router", ["--model", Checkout.nano, "--nodes", "carrier-pigeon://x"])
        #expect(run.status == 1)
        #expect(run.errors.contains("tcp://"), "\(run.errors)")
    }
}
