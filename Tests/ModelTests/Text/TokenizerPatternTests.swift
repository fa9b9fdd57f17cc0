internal import Foundation
internal import Model
internal import Testing

@Suite("Patterns of tokenizers")
struct TokenizerPatternTests {
    private struct Reference: Decodable {
        struct Item: Decodable {
            var text: String
            var ids: [Int]
        }

        var cases: [Item]
    }

    @Test("The Arcade pattern agrees with the reference", arguments: ["nano", "stablelm"])
    func arcade(name: String) throws {
        let all = try TextFixtures.decode([String: Reference].self, from: TextFixtures.fixture("arcade_cases.json"))
        let cases = try #require(all[name]).cases
        let golden = name == "nano" ? TextFixtures.nanoFolder : TextFixtures.golden("stablelm-tiny")?.path
        guard let folder = golden else {
            return print("NOT RUN: Arcade over the 100k vocabulary: no golden values here")
        }
        let tokenizer = try ByteLevelBPE(folder: folder, pattern: .arcade)
        #expect(tokenizer.pattern == .arcade)
        #expect(cases.count > 200)
        for (index, item) in cases.enumerated() {
            #expect(tokenizer.encode(item.text) == item.ids, "case \(index)")
        }
    }

    @Test("Files that say nothing get the pattern of GPT-2, and numbers stay together")
    func standard() throws {
        let tokenizer = try ByteLevelBPE(folder: TextFixtures.fixture("tiny-flags").path)
        #expect(tokenizer.pattern == .gpt2)
        #expect(tokenizer.encode("1111").count == 2)
        let arcade = try ByteLevelBPE(folder: TextFixtures.fixture("tiny-flags").path, pattern: .arcade)
        #expect(arcade.encode("1111").count == 4)
    }

    @Test("A consonant that is in no syllable of Hangul stays what it is")
    func lonelyConsonant() throws {
        let arcade = try ByteLevelBPE(folder: TextFixtures.nanoFolder, pattern: .arcade)
        for text in ["\u{1113}\u{116F}", "a\u{1113}\u{1161}\u{11A8}\u{1113}", "\u{1112}\u{1161}\u{1113}\u{1161}"] {
            let back = arcade.decode(arcade.encode(text), skipSpecialTokens: false)
            #expect(back == text && !back.unicodeScalars.contains("\u{FFFD}"))
            #expect(back.unicodeScalars.count { $0 == "\u{1113}" } == text.unicodeScalars.count { $0 == "\u{1113}" })
        }
    }

    @Test("Composing goes with the Arcade pattern and not with that of GPT-2")
    func composing() throws {
        let folder = TextFixtures.fixture("tiny-flags").path
        let decomposed = "e\u{323}\u{301}"
        let arcade = try ByteLevelBPE(folder: folder, pattern: .arcade)
        let composed = arcade.decode(arcade.encode(decomposed), skipSpecialTokens: false)
        #expect(Array(composed.unicodeScalars) == ["\u{1EB9}", "\u{301}"])
        let plain = try ByteLevelBPE(folder: folder, pattern: .gpt2)
        let kept = plain.decode(plain.encode(decomposed), skipSpecialTokens: false)
        #expect(Array(kept.utf8) == Array(decomposed.utf8))
    }
}
