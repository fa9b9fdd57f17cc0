internal import Glibc

/// One sequence's progress through its choices: each is fed after the prompt, token by token, and then taken back.
///
/// A value: logits in, what to feed next out. The first token of every choice is judged by the prompt's last row, so a
/// choice of n tokens feeds n - 1 rows.
package struct ChoiceScoring: Sendable {
    private let choices: [Choice]
    private var sums: [Double]
    /// The choice being fed, and how many of its tokens are.
    private var current = 0
    private var fed = 0

    /// Starts before the prompt is read.
    package init(_ choices: [Choice]) {
        self.choices = choices
        sums = Array(repeating: 0, count: choices.count)
    }

    /// Rows that the current choice still feeds; 0 when there is no more.
    package var rowsLeft: Int { isOver ? 0 : choices[current].tokenIDs.count - 1 - fed }
    /// Whether every choice is scored; only after the prompt's row was taken.
    package var isOver: Bool { current == choices.count }
    /// The next tokens to feed.
    package func input(rows: Int) -> [Int] { Array(choices[current].tokenIDs[fed..<fed + rows]) }

    /// Takes the logits of the prompt's last row; false when they are not numbers.
    package mutating func takePrompt(_ logits: Span<Float>) -> Bool {
        guard let normalizer = Self.normalizer(logits) else { return false }
        for (index, choice) in choices.enumerated() {
            sums[index] = choice.tokenIDs.first.map { Double(logits[$0]) - normalizer } ?? 0
        }
        skipFinished()
        return true
    }

    /// Takes the logits of the next fed row; nil when they are not numbers, else whether its choice is complete and has
    /// to be taken back from the cache.
    package mutating func takeRow(_ logits: Span<Float>) -> Bool? {
        guard let normalizer = Self.normalizer(logits) else { return nil }
        fed += 1
        sums[current] += Double(logits[choices[current].tokenIDs[fed]]) - normalizer
        guard rowsLeft == 0 else { return false }
        current += 1
        fed = 0
        skipFinished()
        return true
    }

    /// The scores, in the order of the choices.
    package var scores: [ChoiceScore] {
        zip(choices, sums).map { ChoiceScore(text: $0.text, tokens: $0.tokenIDs.count, logLikelihood: $1) }
    }

    /// Which choice is best: the first of those with the highest mean.
    package var best: Choice? {
        let means = scores.map(\.normalized)
        return means.max().flatMap(means.firstIndex(of:)).map { choices[$0] }
    }

    private mutating func skipFinished() {
        while !isOver, rowsLeft == 0 { current += 1 }
    }

    /// The logarithm of the sum of exponentials, which makes logits logarithms of probabilities.
    private static func normalizer(_ logits: Span<Float>) -> Double? {
        var most = -Float.infinity
        for index in 0..<logits.count {
            guard !logits[index].isNaN else { return nil }
            most = max(most, logits[index])
        }
        guard most.isFinite else { return nil }
        var sum = 0.0
        for index in 0..<logits.count { sum += exp(Double(logits[index]) - Double(most)) }
        return Double(most) + log(sum)
    }
}
