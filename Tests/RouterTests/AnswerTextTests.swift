import Foundation
import Model
import Router
import Testing

@Suite("Answer text")
struct AnswerTextTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        /// What comes, piece by piece; each piece is one token or more.
        var pieces: [String]
        var stop: [String] = []
        /// What is shown after each piece.
        var shown: [String]
        /// What is shown when no more comes.
        var rest = ""
        var isStopped = false
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "words appear at once", pieces: ["no", "rm", "al"], shown: ["no", "rm", "al"]),
        Case(
            name: "white space waits for what follows it",
            pieces: ["a", " ", "\n", "b", " c"],
            shown: ["a", "", "", " \nb", " c"],
        ),
        Case(
            name: "white space at the beginning is dropped",
            pieces: [" ", "\n\t", " a", " b"],
            shown: ["", "", "a", " b"],
        ),
        Case(name: "white space at the end is dropped", pieces: ["a", " ", "\n"], shown: ["a", "", ""]),
        Case(name: "nothing but white space is nothing", pieces: [" ", "\n", " "], shown: ["", "", ""]),
        Case(
            name: "what Python strips, is stripped",
            pieces: ["\u{1C}", "\u{A0}a", "\u{1F}", "\u{2003}"],
            shown: ["", "a", "", ""],
        ),
        Case(
            name: "a stop text within a token ends the text before it",
            pieces: ["a", "bSTOPc", "d"],
            stop: ["STOP"],
            shown: ["a", "b", ""],
            isStopped: true,
        ),
        Case(
            name: "a stop text over three tokens shows none of itself",
            pieces: ["aS", "TO", "P", "x"],
            stop: ["STOP"],
            shown: ["a", "", "", ""],
            isStopped: true,
        ),
        Case(
            name: "what only began like a stop text is shown when that is clear",
            pieces: ["aS", "T", "ill"],
            stop: ["STOP"],
            shown: ["a", "", "STill"],
        ),
        Case(
            name: "what only began like a stop text is shown at the end",
            pieces: ["a", "STO"],
            stop: ["STOP"],
            shown: ["a", ""],
            rest: "STO",
        ),
        Case(
            name: "the beginning of a stop text may begin again within itself",
            pieces: ["a", "a", "b", "a", "a", "c"],
            stop: ["aac"],
            shown: ["", "", "aab", "", "", ""],
            isStopped: true,
        ),
        Case(
            name: "the first of several stop texts ends the text",
            pieces: ["x", "a2b1c"],
            stop: ["1", "2"],
            shown: ["x", "a"],
            isStopped: true,
        ),
        Case(
            name: "white space before a stop text goes with it",
            pieces: ["a", " ", "\n", "###"],
            stop: ["###"],
            shown: ["a", "", "", ""],
            isStopped: true,
        ),
        Case(
            name: "a stop text of white space works within the text",
            pieces: ["a\n", "b", "\n", "\n", "c"],
            stop: ["\n\n"],
            shown: ["a", "\nb", "", "", ""],
            isStopped: true,
        ),
        Case(
            name: "a stop text that begins with white space works at the beginning, over two tokens",
            pieces: [" ", "no", " yes"],
            stop: [" no"],
            shown: ["", "", ""],
            isStopped: true,
        ),
        Case(
            name: "white space that was not the beginning of that stop text is dropped all the same",
            pieces: [" ", "yes", " ", "no"],
            stop: [" no"],
            shown: ["", "yes", "", ""],
            isStopped: true,
        ),
        Case(
            name: "an empty stop text stops nothing",
            pieces: ["a", "b"],
            stop: [""],
            shown: ["a", "b"],
        ),
    ]

    static func start(stop: [String]) throws -> (text: AnswerText, tokenizer: ByteLevelBPE) {
        let tokenizer = try Nano.tokenizer.get()
        return (AnswerText(detokenizer: StreamingDetokenizer(tokenizer: tokenizer), stop: stop), tokenizer)
    }

    @Test("Tokens become what the caller sees", arguments: cases)
    func table(item: Case) throws {
        var (text, tokenizer) = try Self.start(stop: item.stop)
        var shown: [String] = []
        for piece in item.pieces {
            shown.append(tokenizer.encode(piece).map { text.append($0) }.joined())
        }
        #expect(shown == item.shown)
        #expect(text.finish() == item.rest)
        #expect(text.isStopped == item.isStopped)
    }

    @Test("A character of several tokens is shown with its last one, and never by halves")
    func halfCharacters() throws {
        var (text, tokenizer) = try Self.start(stop: [])
        let ids = tokenizer.encode("\u{1F9E0}")
        try #require(ids.count > 1, "the character has to take several tokens")
        let shown = ids.map { text.append($0) }
        #expect(shown.dropLast().allSatisfy { $0.isEmpty })
        #expect(shown.last == "\u{1F9E0}")
        #expect(text.append(ids[0]).isEmpty)
        #expect(text.finish() == "\u{FFFD}", "a character that never ended")
    }

    @Test("A stop text is met between the tokens of its characters")
    func stopOfSeveralBytes() throws {
        var (text, tokenizer) = try Self.start(stop: ["\u{1F9E0}\u{00B5}"])
        let shown = tokenizer.encode("a\u{1F9E0}\u{00B5}b").map { text.append($0) }.joined()
        #expect(shown == "a")
        #expect(text.isStopped)
    }

    @Test("The end token shows nothing")
    func specialToken() throws {
        var (text, tokenizer) = try Self.start(stop: [])
        let end = try #require(tokenizer.eosTokenID)
        #expect(text.append(end).isEmpty)
        #expect(text.finish().isEmpty)
    }

    @Test(
        "However the text is cut into tokens, the caller sees the same",
        arguments: [
            [], ["lobe"], ["\n\n"], [" left"], ["."], ["nowhere"], ["  The"], ["\t"],
        ]
    )
    func anyCut(stop: [String]) throws {
        let source = "  The left lobe\tis \u{2265} normal.\n\nSee \u{1F9E0} there \n"
        var expected = source
        for text in stop {
            if let range = source.range(of: text) { expected = String(source[..<range.lowerBound]) }
        }
        expected = expected.trimmingCharacters(in: .whitespacesAndNewlines)
        let tokenizer = try Nano.tokenizer.get()
        let cuts = [
            tokenizer.encode(source),
            source.unicodeScalars.flatMap { tokenizer.encode(String($0)) },
            source.split(separator: "e", omittingEmptySubsequences: false).flatMap { tokenizer.encode($0 + "e") }
                .dropLast(),
        ]
        #expect(Set(cuts.map(\.count)).count > 1, "the cuts have to differ")
        for ids in cuts {
            var (text, _) = try Self.start(stop: stop)
            var shown = ids.map { text.append($0) }.joined()
            shown += text.finish()
            #expect(shown == expected)
        }
    }
}
