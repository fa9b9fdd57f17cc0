internal import Foundation

/// Sentence BLEU as NLTK computes it for one reference and one order of n-grams, with smoothing method 1.
enum BLEU {
    /// What no match at all counts as.
    private static let epsilon = 0.1

    /// The score of one order alone, 0 to 1.
    static func score(_ candidate: [PythonText.Word], reference: [PythonText.Word], order: Int) -> Double {
        // Without one common word the score is zero, whatever the order.
        guard matches(candidate, reference, order: 1).count > 0 else { return 0 }
        let (count, total) = matches(candidate, reference, order: order)
        let precision = (count == 0 ? epsilon : Double(count)) / Double(total)
        return brevityPenalty(candidate.count, reference.count) * exp(log(precision))
    }

    /// N-grams of the candidate that the reference has too, each at most as often as there, and all of the candidate's.
    private static func matches(
        _ candidate: [PythonText.Word],
        _ reference: [PythonText.Word],
        order: Int,
    ) -> (count: Int, total: Int) {
        let (own, given) = (grams(candidate, order), grams(reference, order))
        let count = own.reduce(0) { $0 + min($1.value, given[$1.key] ?? 0) }
        return (count, max(1, own.values.reduce(0, +)))
    }

    private static func grams(_ words: [PythonText.Word], _ order: Int) -> [[PythonText.Word]: Int] {
        guard words.count >= order else { return [:] }
        var grams: [[PythonText.Word]: Int] = [:]
        for start in 0...(words.count - order) { grams[Array(words[start..<start + order]), default: 0] += 1 }
        return grams
    }

    private static func brevityPenalty(_ candidate: Int, _ reference: Int) -> Double {
        candidate > reference ? 1 : exp(1 - Double(reference) / Double(candidate))
    }
}
