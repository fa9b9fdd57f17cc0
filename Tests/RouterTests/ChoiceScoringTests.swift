import Foundation
import Router
import Testing

@Suite("Choice scoring")
struct ChoiceScoringTests {
    /// Logits whose probabilities are these.
    static func logits(_ probabilities: [Double]) -> [Float] { probabilities.map { Float(log($0) + 3) } }

    static func choices(_ ids: [Int]...) -> [Choice] {
        ids.enumerated().map { Choice(text: "choice \($0)", tokenIDs: $1) }
    }

    static func takePrompt(_ scoring: inout ChoiceScoring, _ logits: [Float]) -> Bool {
        scoring.takePrompt(logits.span)
    }
    static func takeRow(_ scoring: inout ChoiceScoring, _ logits: [Float]) -> Bool? { scoring.takeRow(logits.span) }

    static let even = logits([0.25, 0.25, 0.25, 0.25])

    @Test("Choices of one token are judged by the prompt alone")
    func oneToken() {
        var scoring = ChoiceScoring(Self.choices([0], [1], [3]))
        let logits = Self.logits([0.125, 0.5, 0.25, 0.125])
        #expect(!scoring.isOver)
        #expect(Self.takePrompt(&scoring, logits))
        #expect(scoring.isOver)
        #expect(scoring.rowsLeft == 0)
        #expect(scoring.best?.text == "choice 1")
        for (score, probability) in zip(scoring.scores, [0.125, 0.5, 0.125]) {
            #expect(abs(score.logLikelihood - log(probability)) < 1e-6)
            #expect(score.tokens == 1)
        }
    }

    @Test("Longer choices are fed one after the other, in pieces, without their last token")
    func longer() {
        var scoring = ChoiceScoring(Self.choices([0, 1, 2], [3], [2, 0]))
        #expect(Self.takePrompt(&scoring, Self.logits([0.5, 0.125, 0.125, 0.25])))
        #expect(scoring.rowsLeft == 2)
        #expect(scoring.input(rows: 1) == [0])
        #expect(Self.takeRow(&scoring, Self.logits([0.25, 0.5, 0.125, 0.125])) == false)
        #expect(scoring.rowsLeft == 1)
        #expect(scoring.input(rows: 1) == [1])
        #expect(Self.takeRow(&scoring, Self.even) == true, "complete: to be taken back")
        #expect(scoring.rowsLeft == 1)
        #expect(scoring.input(rows: 1) == [2])
        #expect(Self.takeRow(&scoring, Self.logits([0.5, 0.25, 0.125, 0.125])) == true)
        #expect(scoring.isOver)
        let expected = [log(0.5 * 0.5 * 0.25), log(0.25), log(0.125 * 0.5)]
        for (score, value) in zip(scoring.scores, expected) { #expect(abs(score.logLikelihood - value) < 1e-6) }
    }

    @Test("The mean over tokens decides, and the first of equals")
    func normalized() {
        // The sum of the long one is lower, its mean is not.
        var scoring = ChoiceScoring(Self.choices([0], [1, 1]))
        #expect(Self.takePrompt(&scoring, Self.logits([0.4, 0.5, 0.05, 0.05])))
        #expect(Self.takeRow(&scoring, Self.logits([0.2, 0.5, 0.2, 0.1])) == true)
        #expect(scoring.scores[1].logLikelihood < scoring.scores[0].logLikelihood)
        #expect(scoring.best?.text == "choice 1")
        var tie = ChoiceScoring(Self.choices([2], [1], [0]))
        #expect(Self.takePrompt(&tie, Self.even))
        #expect(tie.best?.text == "choice 0")
    }

    @Test("Logits that are no numbers are refused", arguments: [Float.nan, .infinity])
    func notNumbers(value: Float) {
        var scoring = ChoiceScoring(Self.choices([0, 1]))
        let bad: [Float] = [0, value, 0, 0]
        #expect(!Self.takePrompt(&scoring, bad))
        #expect(Self.takePrompt(&scoring, Self.even))
        #expect(Self.takeRow(&scoring, bad) == nil)
    }
}
