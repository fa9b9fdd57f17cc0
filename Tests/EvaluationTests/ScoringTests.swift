import Evaluation
import Testing

@Suite("Rules of the scorer")
struct ScoringTests {
    static func recall(_ answer: String, _ expected: String) -> Double {
        AnswerScore(answer, expected: expected, kind: .open).overlap.recall
    }

    static func isRight(_ answer: String, _ expected: String) -> Bool {
        AnswerScore(answer, expected: expected, kind: .closed).accuracy == 1
    }

    @Test("Closed answers are right when the expected text occurs in them, whatever stands around")
    func closed() {
        #expect(Self.isRight("normal", "no"))
        #expect(Self.isRight("YES.", "yes"))
        #expect(Self.isRight("anything", ""))
        #expect(!Self.isRight("", "no"))
        #expect(!Self.isRight("n o", "no"))
    }

    @Test("Text is compared by code point, as the published code does, and not by looks")
    func codePoints() {
        #expect(!Self.isRight("cafe\u{301}", "caf\u{E9}"))
        #expect(Self.recall("cafe\u{301}", "caf\u{E9}") == 0)
        #expect(Self.isRight("e\u{301}", "e"))
    }

    @Test("A capital sigma becomes the final one at the end of a word")
    func sigma() {
        #expect(Self.isRight("ΟΔΟΣ", "οδος"))
        #expect(!Self.isRight("ΟΔΟΣ", "οδοσ"))
        #expect(Self.isRight("ΣΑΣΑ", "σασα"))
        #expect(Self.isRight("Σ", "σ"))
    }

    @Test("The separators that Python splits at separate words here too")
    func blanks() {
        #expect(Self.recall("left\u{1C}lung", "left lung") == 1)
        #expect(Self.recall("left\u{A0}lung", "left lung") == 1)
        #expect(Self.recall("left\u{200B}lung", "left lung") == 0)
    }

    static let marks = ";/[]\"{}()=+\\_-><@`,?!"

    @Test("Each of the 21 marks becomes a space, or nothing when it stands next to one", arguments: Array(marks))
    func mark(mark: Character) {
        #expect(Self.marks.count == 21)
        #expect(Self.recall("left\(mark)lung", "left lung") == 1)
        #expect(Self.recall("left\(mark)lung x \(mark)", "leftlung x") == 1)
    }

    @Test("Other marks stay")
    func otherMarks() {
        for mark in [":", "'", "*", "%", "&", "#", "$", "|", "~", "^"] {
            #expect(Self.recall("left\(mark)lung", "left\(mark)lung") == 1)
            #expect(Self.recall("left\(mark)lung", "left lung") == 0)
        }
    }

    @Test("Every contraction of the table is found from the spelling without apostrophes")
    func contractions() {
        let samples = [
            ("aint", "ain't"), ("couldn'tve", "couldn't've"), ("'ow'sat", "'ow's'at"), ("somebody'd", "somebodyd"),
            ("oclock", "o'clock"), ("maam", "ma'am"), ("y'allll", "y'all'll"), ("youve", "you've"), ("hes", "he's"),
            ("whyre", "why're"), ("notve", "not've"), ("wouldnt've", "wouldn't've"),
        ]
        for (without, with) in samples { #expect(Self.recall(without, with) == 1, "\(without)") }
        // Their keys have capitals, and words are in lower case when they are looked up.
        for word in ["Im", "Ive", "Id've", "I'dve"] { #expect(Self.recall(word, "I'm I've I'd've") == 0) }
        #expect(Self.recall("shes", "she's") == 0)
    }

    @Test("BLEU of pairs and triples is above zero without one, but only if a word is common")
    func bleu() {
        let none = AnswerScore("liver", expected: "kidney", kind: .open)
        #expect(none.bleu == [0, 0, 0])
        let short = AnswerScore("liver", expected: "liver", kind: .open)
        #expect(short.bleu[0] == 1)
        #expect(abs(short.bleu[1] - 0.1) < 1e-12)
        #expect(AnswerScore("", expected: "liver", kind: .open).bleu == [0, 0, 0])
        #expect(AnswerScore("", expected: "", kind: .open).bleu == [0, 0, 0])
    }

    @Test("Without answers of a kind there are no figures of that kind")
    func absent() {
        let summary = ScoreSummary([AnswerScore("a", expected: "b", kind: .open)])
        #expect(summary.closed == nil)
        #expect(summary.closedCount == 0)
        #expect(summary.openCount == 1)
    }
}
