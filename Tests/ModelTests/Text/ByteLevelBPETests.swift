internal import Foundation
internal import Model
internal import Testing

@Suite("Byte-level BPE")
struct ByteLevelBPETests {
    private static func check(_ cases: [TokenizerCase], with tokenizer: ByteLevelBPE) {
        for (index, item) in cases.enumerated() {
            if let text = item.text {
                #expect(tokenizer.encode(text) == item.ids, "ids of case \(index)")
            }
            let decoded = tokenizer.decode(item.ids, skipSpecialTokens: true)
            #expect(Array(decoded.utf8) == Array(item.decoded.utf8), "decoded text of case \(index)")
            let raw = tokenizer.decode(item.ids, skipSpecialTokens: false, cleansUpSpaces: false)
            #expect(Array(raw.utf8) == Array(item.decodedRaw.utf8), "raw decoded text of case \(index)")
        }
    }

    @Test("The small model's tokenizer agrees with the reference on every fixture")
    func nano() throws {
        let tokenizer = try ByteLevelBPE(folder: TextFixtures.nanoFolder)
        let reference = try TextFixtures.decode(
            TokenizerReference.self,
            from: TextFixtures.fixture("nano_cases.json")
        )
        #expect(reference.cases.count > 30)
        #expect(tokenizer.vocabularySize == reference.size)
        #expect(tokenizer.eosTokenID == 0)
        #expect(!tokenizer.cleansUpSpaces)
        Self.check(reference.cases, with: tokenizer)
    }

    @Test(
        "Added tokens with flags, in both file layouts, agree with the reference",
        arguments: [
            "tiny-flags", "tiny-legacy",
        ]
    )
    func addedTokens(name: String) throws {
        let all = try TextFixtures.decode(
            [String: TokenizerReference].self,
            from: TextFixtures.fixture("tiny_cases.json")
        )
        let reference = try #require(all[name])
        let tokenizer = try ByteLevelBPE(folder: TextFixtures.fixture(name).path)
        #expect(reference.cases.count > 50)
        #expect(tokenizer.vocabularySize == reference.size)
        #expect(tokenizer.eosTokenID == reference.eos)
        #expect(tokenizer.bosTokenID == reference.bos)
        #expect((0..<reference.size).filter { tokenizer.isSpecial($0) } == reference.special)
        Self.check(reference.cases, with: tokenizer)
    }

    @Test(
        "Full-size vocabularies of both published forms agree with the original on every golden text",
        arguments: [
            "stablelm", "phi",
        ]
    )
    func golden(form: String) throws {
        struct Golden: Decodable {
            struct Tokenizer: Decodable {
                var folder: String
                var size: Int
            }

            struct Item: Decodable {
                var text: String
                var stablelm: TokenizerCase
                var phi: TokenizerCase
            }

            var tokenizers: [String: Tokenizer]
            var cases: [Item]
        }
        guard let file = TextFixtures.golden("tokenizer_cases.json") else { return }
        let golden = try TextFixtures.decode(Golden.self, from: file)
        let description = try #require(golden.tokenizers[form])
        let folder = file.deletingLastPathComponent().appending(path: description.folder)
        let tokenizer = try ByteLevelBPE(folder: folder.path)
        #expect(tokenizer.vocabularySize == description.size)
        #expect(golden.cases.count > 100)
        let cases = golden.cases.map { item in
            var result = form == "phi" ? item.phi : item.stablelm
            result.text = item.text
            return result
        }
        Self.check(cases, with: tokenizer)
    }

    @Test("Every token of the vocabulary is found by its name, and strangers are not")
    func names() throws {
        let tokenizer = try ByteLevelBPE(folder: TextFixtures.nanoFolder)
        #expect(tokenizer.id(of: "<|endoftext|>") == 0)
        #expect(tokenizer.id(of: "\u{120}X") == 365)
        #expect(tokenizer.id(of: "no such token") == nil)
        #expect(tokenizer.isSpecial(0))
        #expect(!tokenizer.isSpecial(365))
    }

    @Test("Ids without a token give no text", arguments: [-1, -200, 1_498, 100_000, Int.max, Int.min])
    func strangers(id: Int) throws {
        let tokenizer = try ByteLevelBPE(folder: TextFixtures.nanoFolder)
        let text = tokenizer.decode([365, 364], skipSpecialTokens: true)
        #expect(tokenizer.decode([365, id, 364], skipSpecialTokens: true) == text)
    }

    @Test(
        "One endless word is encoded without quadratic work and comes back unchanged",
        arguments: [
            String(repeating: "a", count: 400_000),
            String(repeating: "thelungofthechest", count: 20_000),
            String(repeating: " ", count: 400_000),
            String(repeating: "\u{1F9E0}", count: 100_000),
        ]
    )
    func endlessWord(text: String) throws {
        let tokenizer = try ByteLevelBPE(folder: TextFixtures.nanoFolder)
        let ids = tokenizer.encode(text)
        #expect(ids.count <= text.utf8.count)
        #expect(tokenizer.decode(ids, skipSpecialTokens: true) == text)
    }

    @Test("Windows line ends and a missing last line end in merges.txt change nothing")
    func lineEnds() throws {
        let folder = TextFixtures.fixture("tiny-flags")
        let vocabulary = try String(contentsOf: folder.appending(path: "vocab.json"), encoding: .utf8)
        let merges = try String(contentsOf: folder.appending(path: "merges.txt"), encoding: .utf8)
        let windows = merges.replacing("\n", with: "\r\n")
        let unfinished = String(merges.dropLast())
        let text = "hello the 1111 aaaa"
        let expected = try TextFixtures.withFolder(["vocab.json": vocabulary, "merges.txt": merges]) {
            try ByteLevelBPE(folder: $0).encode(text)
        }
        for variant in [windows, unfinished] {
            let ids = try TextFixtures.withFolder(["vocab.json": vocabulary, "merges.txt": variant]) {
                try ByteLevelBPE(folder: $0).encode(text)
            }
            #expect(ids == expected)
        }
        #expect(expected.contains(277), "the last merge of the file takes part")
    }
}
