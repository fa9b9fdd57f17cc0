import Foundation
import Testing

/// `medmoe tokenize`: JSON lines in, JSON lines out.
@Suite struct TokenizeTests {
    /// Runs the command with these lines on its standard input.
    private static func tokenize(_ lines: [String], _ arguments: [String], model: String) async throws -> Command {
        let folder = try Checkout.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let input = folder.appending(path: "lines")
        try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: input)
        return try await Command.run("medmoe", ["tokenize", model] + arguments, input: input)
    }

    private struct Golden: Decodable {
        struct Case: Decodable {
            var ids: [Int]
            var decoded: String
            var decodedRaw: String

            private enum CodingKeys: String, CodingKey {
                case ids, decoded
                case decodedRaw = "decoded_raw"
            }
        }

        struct Item: Decodable {
            var text: String
            var stablelm: Case
            var phi: Case
        }

        var cases: [Item]
    }

    @Test("All golden texts go to their ids and back", arguments: ["stablelm", "phi"])
    func golden(form: String) async throws {
        guard let shared = Checkout.shared else {
            Checkout.sayNotRun("golden texts of \(form)", needs: "the folder with golden values")
            return
        }
        let file = shared.appending(path: "golden/tokenizer_cases.json")
        let items = try JSONDecoder().decode(Golden.self, from: try Data(contentsOf: file)).cases
        let cases = items.map { form == "phi" ? $0.phi : $0.stablelm }
        let model = shared.appending(path: "golden/\(form)-tiny").path
        let texts = try items.map { String(decoding: try JSONEncoder().encode($0.text), as: UTF8.self) }

        let encoded = try await Self.tokenize(texts, [], model: model)
        #expect(encoded.status == 0, "\(encoded.errors)")
        let lines = encoded.output.split(separator: "\n").map(String.init)
        #expect(lines.count == 180)
        #expect(try lines.map { try JSONDecoder().decode([Int].self, from: Data($0.utf8)) } == cases.map(\.ids))

        for (arguments, expected) in [
            (["--decode"], cases.map(\.decoded)), (["--decode", "--raw"], cases.map(\.decodedRaw)),
        ] {
            let decoded = try await Self.tokenize(lines, arguments, model: model)
            #expect(decoded.status == 0, "\(decoded.errors)")
            let texts = try decoded.output.split(separator: "\n").map {
                try JSONDecoder().decode(String.self, from: Data($0.utf8))
            }
            #expect(texts.map { Array($0.utf8) } == expected.map { Array($0.utf8) }, "\(arguments)")
        }
    }

    @Test("The pattern can be chosen, and what came before a bad line is written")
    func pattern() async throws {
        let plain = try await Self.tokenize(["\"12\"", "\"a\"", "7"], [], model: Checkout.nano)
        #expect(plain.status == 1)
        #expect(plain.output.split(separator: "\n").count == 2)
        #expect(plain.errors.contains("line 3: expected a JSON string, found the number 7"))
        let arcade = try await Self.tokenize(["\"1e\u{301}\""], ["--pretokenizer", "arcade"], model: Checkout.nano)
        #expect(arcade.status == 0)
        let back = try await Self.tokenize(
            [arcade.output.trimmingCharacters(in: .newlines)],
            ["--decode"],
            model: Checkout.nano
        )
        #expect(Array(back.output.utf8) == Array("\"1\u{E9}\"\n".utf8))
    }

    @Test(
        "A bad line ends the work with its number and without its text",
        arguments: [
            ("\"secret", [], "line 1: expected one JSON value"),
            ("", [], "line 1: expected one JSON value"),
            ("\"secret\" 1", [], "line 1: expected one JSON value"),
            ("[1]", [], "give --decode"),
            ("\"secret\"", ["--decode"], "leave --decode out"),
            ("[1,\"secret\"]", ["--decode"], "found a string"),
            ("[1.5]", ["--decode"], "whole numbers"),
            ("[1,99999999]", ["--decode"], "99999999"),
            ("[-200]", ["--decode"], "-200"),
            (
                "\"" + String(repeating: "secret ", count: 3_000_000) + "\"", [],
                "line 1: expected at most 16777216 bytes"
            ),
        ] as [(String, [String], String)]
    )
    func badLines(line: String, arguments: [String], words: String) async throws {
        let run = try await Self.tokenize([line], arguments, model: Checkout.nano)
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains(words), "\(run.errors.prefix(300))")
        #expect(!run.errors.contains("secret"))
    }
}
