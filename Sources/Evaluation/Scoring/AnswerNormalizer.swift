/// Brings an answer into the form in which the published scorer compares words.
///
/// Every rule is the published one, also where it surprises: a mark is deleted when *any* such mark of the answer
/// stands next to a space, or when the answer has a comma between digits; else it becomes a space. Of the full stops
/// that no digit follows only the first 32 go.
enum AnswerNormalizer {
    /// In the published order, which matters to nothing but is kept.
    private static let marks = Array(#";/[]"{}()=+\_->"#.unicodeScalars) + Array("<@`,?!".unicodeScalars)
    private static let space: Unicode.Scalar = " "
    private static let fullStop: Unicode.Scalar = "."
    private static let comma: Unicode.Scalar = ","
    /// A flag stands where the published code means none, and limits the number of deletions to its value.
    private static let fullStopLimit = 32
    private static let articles: Set<PythonText.Word> = Set(["a", "an", "the"].map { Array($0.unicodeScalars) })
    private static let numbers: [PythonText.Word: PythonText.Word] = {
        let words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
        var numbers = [Array("none".unicodeScalars): Array("0".unicodeScalars)]
        for (value, word) in words.enumerated() {
            numbers[Array(word.unicodeScalars)] = Array(String(value).unicodeScalars)
        }
        return numbers
    }()

    /// The words that are compared.
    static func words(_ answer: PythonText.Word) -> [PythonText.Word] {
        var words: [PythonText.Word] = []
        for word in PythonText.words(PythonText.lowercased(withoutFullStops(withoutMarks(answer)))) {
            let word = numbers[word] ?? word
            guard !articles.contains(word) else { continue }
            words.append(ContractionTable.entries[word] ?? word)
        }
        // The published code deletes commas once more here; they are marks, so none is left.
        return words
    }

    private static func withoutMarks(_ answer: PythonText.Word) -> PythonText.Word {
        let deletesAll = hasCommaBetweenDigits(answer)
        var deleted: Set<Unicode.Scalar> = []
        for mark in marks where deletesAll || touchesSpace(mark, in: answer) { deleted.insert(mark) }
        return answer.compactMap { scalar in
            guard marks.contains(scalar) else { return scalar }
            return deleted.contains(scalar) ? nil : space
        }
    }

    private static func touchesSpace(_ mark: Unicode.Scalar, in answer: PythonText.Word) -> Bool {
        zip(answer, answer.dropFirst()).contains { ($0 == mark && $1 == space) || ($0 == space && $1 == mark) }
    }

    private static func hasCommaBetweenDigits(_ answer: PythonText.Word) -> Bool {
        answer.indices.dropFirst().dropLast().contains { place in
            answer[place] == comma && PythonText.isDigit(answer[place - 1]) && PythonText.isDigit(answer[place + 1])
        }
    }

    private static func withoutFullStops(_ answer: PythonText.Word) -> PythonText.Word {
        var left = fullStopLimit
        var result: PythonText.Word = []
        for (place, scalar) in answer.enumerated() {
            let follows = place + 1 < answer.count && PythonText.isDigit(answer[place + 1])
            if scalar == fullStop, !follows, left > 0 {
                left -= 1
            } else {
                result.append(scalar)
            }
        }
        return result
    }
}
