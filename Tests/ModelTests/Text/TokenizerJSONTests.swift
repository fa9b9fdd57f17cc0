internal import Foundation
internal import Model
internal import Testing

@Suite("tokenizer.json")
struct TokenizerJSONTests {
    static let names = ["gpt2", "prefix", "no pattern", "arcade", "cl100k", "whole words"]

    /// The groups of the fixture, each with a file and what the reference makes of it.
    private static func groups() throws -> [String: [String: Any]] {
        let data = try Data(contentsOf: TextFixtures.fixture("json_cases.json"))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: [String: Any]])
    }

    private static let plainDecoding = #"{"clean_up_tokenization_spaces":false}"#

    private static func text(_ value: Any) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: value), as: UTF8.self)
    }

    @Test("Each supported form of the file agrees with the reference", arguments: names)
    func reference(name: String) throws {
        let group = try #require(try Self.groups()[name])
        let cases = try JSONDecoder().decode(
            [TokenizerCase].self,
            from: try JSONSerialization.data(withJSONObject: try #require(group["cases"]))
        )
        let files = [
            "tokenizer.json": try Self.text(try #require(group["tokenizer"])),
            "tokenizer_config.json": Self.plainDecoding,
        ]
        let tokenizer = try TextFixtures.withFolder(files) { try ByteLevelBPE(folder: $0) }
        #expect(cases.count > 100)
        for (index, item) in cases.enumerated() {
            #expect(tokenizer.encode(try #require(item.text)) == item.ids, "ids of case \(index)")
            let decoded = tokenizer.decode(item.ids, skipSpecialTokens: true)
            #expect(Array(decoded.utf8) == Array(item.decoded.utf8), "decoded text of case \(index)")
            let raw = tokenizer.decode(item.ids, skipSpecialTokens: false)
            #expect(Array(raw.utf8) == Array(item.decodedRaw.utf8), "raw decoded text of case \(index)")
        }
    }

    @Test("A file beside it that says otherwise does not count")
    func contradiction() throws {
        let content = try Self.text(try #require(try Self.groups()["gpt2"]?["tokenizer"]))
        let alone = ["tokenizer.json": content]
        let beside = alone.merging([
            "vocab.json": #"{"a":0}"#, "merges.txt": "what is this\n", "added_tokens.json": #"{"the":1}"#,
            "tokenizer_config.json": #"{"add_prefix_space":true,"added_tokens_decoder":{"1":{"content":"the"}}}"#,
        ]) { $1 }
        let text = "hello the <w> 1111"
        let ids = try [alone, beside].map { files in
            try TextFixtures.withFolder(files) { try ByteLevelBPE(folder: $0).encode(text) }
        }
        #expect(ids[0] == ids[1])
    }

    @Test("The small model's tokenizer is the same from either layout")
    func bothLayouts() throws {
        let folder = URL(filePath: TextFixtures.nanoFolder)
        var files: [String: String] = [:]
        for name in ["vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"] {
            files[name] = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
        }
        let older = try TextFixtures.withFolder(files) { try ByteLevelBPE(folder: $0) }
        let reference = try TextFixtures.decode(TokenizerReference.self, from: TextFixtures.fixture("nano_cases.json"))
        #expect(older.vocabularySize == reference.size)
        for item in reference.cases {
            if let text = item.text { #expect(older.encode(text) == item.ids) }
            #expect(older.decode(item.ids, skipSpecialTokens: true) == item.decoded)
        }
    }

    /// One change of the good file, and what the refusal has to name.
    struct Fault: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var place: [String]
        var json: String
        var code: TokenizerError.Code = .unsupported
        var words: String
    }

    private static let split = #"{"type":"Split","pattern":{"Regex":"\\w+"},"behavior":"Isolated","invert":false}"#
    private static let levels = #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}"#

    static let faults = [
        Fault(testDescription: "another model", place: ["model", "type"], json: #""Unigram""#, words: "Unigram"),
        Fault(
            testDescription: "byte fallback",
            place: ["model", "byte_fallback"],
            json: "true",
            words: "byte_fallback"
        ),
        Fault(testDescription: "dropout", place: ["model", "dropout"], json: "0.1", words: "model.dropout"),
        Fault(
            testDescription: "word ends",
            place: ["model", "end_of_word_suffix"],
            json: #""</w>""#,
            words: "end_of_word"
        ),
        Fault(testDescription: "fused unknowns", place: ["model", "fuse_unk"], json: "true", words: "fuse_unk"),
        Fault(testDescription: "an unknown member", place: ["model", "novelty"], json: "1", words: "novelty"),
        Fault(testDescription: "another normaliser", place: ["normalizer"], json: #"{"type":"NFKC"}"#, words: "NFKC"),
        Fault(
            testDescription: "another normaliser among several",
            place: ["normalizer"],
            json: #"{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Lowercase"}]}"#,
            words: "Lowercase"
        ),
        Fault(testDescription: "no pre-tokenizer", place: ["pre_tokenizer"], json: "null", words: "pre_tokenizer"),
        Fault(
            testDescription: "another pre-tokenizer",
            place: ["pre_tokenizer"],
            json: #"{"type":"Metaspace"}"#,
            words: "Metaspace"
        ),
        Fault(
            testDescription: "another pattern",
            place: ["pre_tokenizer"],
            json: #"{"type":"Sequence","pretokenizers":[\#(split),\#(levels)]}"#,
            words: #"\w+"#
        ),
        Fault(
            testDescription: "too many parts",
            place: ["pre_tokenizer"],
            json: #"{"type":"Sequence","pretokenizers":[\#(split),\#(split),\#(levels)]}"#,
            words: "3 parts"
        ),
        Fault(
            testDescription: "a template",
            place: ["post_processor"],
            json: #"{"type":"TemplateProcessing"}"#,
            words: "TemplateProcessing"
        ),
        Fault(testDescription: "another decoder", place: ["decoder"], json: #"{"type":"Fuse"}"#, words: "Fuse"),
        Fault(testDescription: "an unknown part", place: ["novelty"], json: "1", words: "novelty"),
        Fault(
            testDescription: "an id that is text",
            place: ["model", "vocab"],
            json: #"{"a":"1"}"#,
            code: .invalidJSON,
            words: "model.vocab"
        ),
        Fault(
            testDescription: "an id twice",
            place: ["model", "vocab"],
            json: #"{"a":1,"b":1}"#,
            code: .invalidVocabulary,
            words: "id 1"
        ),
        Fault(
            testDescription: "a merge of one",
            place: ["model", "merges"],
            json: #"[["a"]]"#,
            code: .invalidMerge,
            words: "merges.0"
        ),
        Fault(
            testDescription: "a merge of strangers",
            place: ["model", "merges"],
            json: #"["h e", "zz zz"]"#,
            code: .invalidMerge,
            words: "not there"
        ),
        Fault(
            testDescription: "an added token without id",
            place: ["added_tokens"],
            json: #"[{"content":"x"}]"#,
            words: "added_tokens.0"
        ),
        Fault(
            testDescription: "an added id in use",
            place: ["added_tokens"],
            json: #"[{"id":3,"content":"<x>"}]"#,
            code: .invalidAddedToken,
            words: "id 3"
        ),
        Fault(
            testDescription: "a model that is no object",
            place: ["model"],
            json: "[]",
            code: .invalidJSON,
            words: "model"
        ),
    ]

    @Test("What is not supported is refused by its name", arguments: faults)
    func refusal(fault: Fault) throws {
        var content = try #require(try Self.groups()["gpt2"]?["tokenizer"] as? [String: Any])
        let value = try JSONSerialization.jsonObject(with: Data(fault.json.utf8), options: .fragmentsAllowed)
        if fault.place.count == 1 {
            content[fault.place[0]] = value
        } else {
            var part = try #require(content[fault.place[0]] as? [String: Any])
            part[fault.place[1]] = value
            content[fault.place[0]] = part
        }
        let error = try TextFixtures.withFolder(["tokenizer.json": try Self.text(content)]) { folder in
            #expect(throws: TokenizerError.self) { try ByteLevelBPE(folder: folder) }
        }
        #expect(error?.code == fault.code)
        #expect(error?.file == "tokenizer.json")
        #expect(error?.message.contains(fault.words) == true, "\(error?.message ?? "")")
    }

    @Test("A file that is no JSON is refused with the place", arguments: ["", "{", "[]", #"{"model":{},"model":{}}"#])
    func noJSON(content: String) throws {
        let error = try TextFixtures.withFolder(["tokenizer.json": content]) { folder in
            #expect(throws: TokenizerError.self) { try ByteLevelBPE(folder: folder) }
        }
        #expect(error?.code == .invalidJSON)
    }
}
