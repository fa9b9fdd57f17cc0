internal import Foundation
internal import Model
internal import Testing

@Suite("Streaming detokenizer")
struct StreamingDetokenizerTests {
    @Test(
        "The pieces make up the reference's text and never show half a character",
        arguments: [
            "tiny-flags", "tiny-legacy",
        ]
    )
    func pieces(name: String) throws {
        let all = try TextFixtures.decode(
            [String: TokenizerReference].self,
            from: TextFixtures.fixture("tiny_cases.json")
        )
        let reference = try #require(all[name])
        let tokenizer = try ByteLevelBPE(folder: TextFixtures.fixture(name).path)
        for (index, item) in reference.cases.enumerated() {
            let pieces = TextFixtures.pieces(of: item.ids, tokenizer: tokenizer)
            #expect(Array(pieces.joined().utf8) == Array(item.decoded.utf8), "case \(index)")
            if !item.decoded.contains("\u{FFFD}") {
                #expect(!pieces.contains { $0.contains("\u{FFFD}") }, "case \(index)")
            }
        }
    }

    @Test("A character of several tokens appears with its last one")
    func wholeCharacters() throws {
        let tokenizer = try ByteLevelBPE(folder: TextFixtures.fixture("tiny-flags").path)
        let ids = tokenizer.encode("a\u{1F9E0}b")
        #expect(ids.count == 6)
        #expect(TextFixtures.pieces(of: ids, tokenizer: tokenizer) == ["a", "", "", "", "\u{1F9E0}", "b", ""])
    }

    @Test(
        "Only what a later token could change is held back",
        arguments: [
            ("a .", ["a", "", ".", ""]),
            ("a b", ["a", "", " b", ""]),
            ("a ", ["a", "", " "]),
            ("a 's", ["a", "", "", "'s", ""]),
            // The second space waits as well: were a full stop to follow, it would go, and the first one would stay.
            ("a ' b", ["a", "", "", "", "'b", ""]),
            ("a ' .", ["a", "", "", "", " '.", ""]),
            ("a 'r", ["a", "", "", "", " 'r"]),
            ("a n't", ["a", "", "", "n't", ""]),
        ]
    )
    func heldBack(text: String, pieces: [String]) throws {
        let tokenizer = try ByteLevelBPE(folder: TextFixtures.fixture("tiny-flags").path)
        #expect(TextFixtures.pieces(of: tokenizer.encode(text), tokenizer: tokenizer) == pieces)
    }

    @Test(
        "Bytes that can no longer become a character show at once",
        arguments: [
            ([0xE0, 0x80], ["", "\u{FFFD}\u{FFFD}", ""]),
            ([0xED, 0xA0], ["", "\u{FFFD}\u{FFFD}", ""]),
            ([0xF0, 0x8F], ["", "\u{FFFD}\u{FFFD}", ""]),
            ([0xF4, 0x90], ["", "\u{FFFD}\u{FFFD}", ""]),
            ([0xE0, 0xA0, 0x41], ["", "", "\u{FFFD}A", ""]),
            ([0xF4, 0x8F, 0xBF, 0xBF], ["", "", "", "\u{10FFFF}", ""]),
            ([0xC1, 0x41], ["\u{FFFD}", "A", ""]),
            ([0xF5], ["\u{FFFD}", ""]),
            ([0x80], ["\u{FFFD}", ""]),
            ([0xC3, 0xC3, 0xA9], ["", "\u{FFFD}", "\u{E9}", ""]),
        ]
    )
    func brokenBytes(bytes: [UInt8], pieces: [String]) throws {
        let tokenizer = try ByteLevelBPE(folder: TextFixtures.fixture("tiny-flags").path)
        // Bytes that are visible in Latin-1 are spelled as themselves, 0x80 to 0xA0 as U+0122 and on.
        let ids = try bytes.map { byte in
            let spelling = (0x80...0xA0).contains(byte) ? UInt32(byte) + 0xA2 : UInt32(byte)
            let scalar = try #require(Unicode.Scalar(spelling))
            return try #require(tokenizer.id(of: String(scalar)))
        }
        #expect(TextFixtures.pieces(of: ids, tokenizer: tokenizer) == pieces)
    }

    @Test("After the end a new text begins afresh")
    func reuse() throws {
        let tokenizer = try ByteLevelBPE(folder: TextFixtures.fixture("tiny-flags").path)
        var detokenizer = StreamingDetokenizer(tokenizer: tokenizer)
        let brain = tokenizer.encode("\u{1F9E0}")
        #expect(detokenizer.append(brain[0]) == "")
        #expect(detokenizer.finish() == "\u{FFFD}")
        #expect(brain.map { detokenizer.append($0) }.joined() + detokenizer.finish() == "\u{1F9E0}")
    }

    @Test("A copied stream goes on by itself")
    func copies() throws {
        let tokenizer = try ByteLevelBPE(folder: TextFixtures.fixture("tiny-flags").path)
        let space = tokenizer.encode(" ")
        let dot = tokenizer.encode(".")
        var first = StreamingDetokenizer(tokenizer: tokenizer)
        #expect(first.append(space[0]) == "")
        var second = first
        #expect(first.append(dot[0]) == ".")
        #expect(second.finish() == " ")
    }

    @Test("Golden continuations stream to their golden text", arguments: ["stablelm-tiny", "phi-tiny"])
    func golden(name: String) throws {
        guard let folder = TextFixtures.golden(name) else { return }
        let golden = try TextFixtures.decode(GoldenPrompts.self, from: folder.appending(path: "cases.json"))
        let tokenizer = try ByteLevelBPE(folder: folder.path)
        #expect(golden.cases.count == 6)
        for item in golden.cases {
            let text = TextFixtures.pieces(of: item.greedyIDs, tokenizer: tokenizer).joined()
            #expect(text.trimmingCharacters(in: .whitespacesAndNewlines) == item.greedyText, "\(item.name)")
        }
    }

    @Test(
        "At any place in a golden text, what has been shown is the beginning of the whole",
        arguments: ["stablelm", "phi"]
    )
    func everyPrefix(form: String) throws {
        struct Golden: Decodable {
            struct Item: Decodable {
                var stablelm: TokenizerCase
                var phi: TokenizerCase
            }

            var cases: [Item]
        }
        guard let file = TextFixtures.golden("tokenizer_cases.json") else { return }
        let golden = try TextFixtures.decode(Golden.self, from: file)
        let folder = file.deletingLastPathComponent().appending(path: "\(form)-tiny").path
        let tokenizer = try ByteLevelBPE(folder: folder)
        #expect(golden.cases.count == 180)
        for (index, item) in golden.cases.enumerated() {
            let reference = form == "phi" ? item.phi : item.stablelm
            var detokenizer = StreamingDetokenizer(tokenizer: tokenizer)
            let whole = Array(reference.decoded.utf8)
            var shown: [UInt8] = []
            for (place, id) in reference.ids.enumerated() {
                shown += detokenizer.append(id).utf8
                #expect(whole.starts(with: shown), "case \(index), id \(place)")
                // Were this the end, a stream and a decoder of these ids alone would agree as well.
                var ended = detokenizer
                let upToHere = tokenizer.decode(Array(reference.ids[...place]), skipSpecialTokens: true)
                #expect(shown + ended.finish().utf8 == Array(upToHere.utf8), "case \(index), end at id \(place)")
            }
            #expect(shown + detokenizer.finish().utf8 == whole, "case \(index)")
        }
    }
}
