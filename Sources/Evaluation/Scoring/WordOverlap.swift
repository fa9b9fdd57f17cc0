/// What two answers have in common as multisets of normalised words.
package struct WordOverlap: Sendable, Equatable {
    /// Share of the expected words that were given, 0 to 1.
    package var recall = 0.0
    /// Share of the given words that were expected, 0 to 1.
    package var precision = 0.0
    /// The harmonic mean of both, 0 to 1.
    package var f1 = 0.0
    /// Distinct expected words that occur, over all given words, 0 to 1: a precision, in spite of its published name.
    package var exactMatch = 0.0

    /// Compares a given answer with the expected one.
    ///
    /// As published: common words count as often as the *given* answer has them, missing ones as often as the expected
    /// one does.
    init(_ given: [PythonText.Word], expected: [PythonText.Word]) {
        let (own, wanted) = (Self.counts(given), Self.counts(expected))
        guard !own.isEmpty else { return }
        let found = wanted.keys.count { own[$0] != nil }
        exactMatch = Double(found) / Double(given.count)
        var (common, extra) = (0, 0)
        for (word, count) in own {
            if wanted[word] != nil { common += count } else { extra += count }
        }
        let missing = wanted.reduce(0) { $0 + (own[$1.key] == nil ? $1.value : 0) }
        guard common > 0 else { return }
        f1 = Double(2 * common) / Double(2 * common + extra + missing)
        precision = Double(common) / Double(common + extra)
        recall = Double(common) / Double(common + missing)
    }

    private static func counts(_ words: [PythonText.Word]) -> [PythonText.Word: Int] {
        words.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
}
