/// One question about an image with its expected answer, from whichever data set.
///
/// It holds content and is never logged.
package struct EvaluationRecord: Sendable, Equatable {
    /// Where a record's picture comes from.
    package enum Picture: Sendable, Equatable {
        /// A path below the images folder.
        case file(String)
        /// The bytes of an image file, from data sets that hold their pictures themselves.
        case encoded([UInt8])
    }

    /// The record's place in its file, from 1; errors and predictions name it.
    package var number: Int
    /// What the data set calls the record; nil when it has no name.
    package var id: String?
    /// The picture asked about; nil when the question has none.
    package var picture: Picture?
    /// The question, without `<image>` and without white space at its ends.
    package var question: String
    /// The expected answer.
    package var answer: String
    /// How the answer is scored; nil when the record is asked and not scored.
    package var kind: AnswerKind?
    /// The kind of picture, for figures by modality.
    package var modality: String?
    /// Place of the expected answer among the labels, in classification.
    package var label: Int?

    /// Describes a record.
    package init(
        number: Int,
        id: String?,
        picture: Picture?,
        question: String,
        answer: String,
        kind: AnswerKind?,
        modality: String? = nil,
        label: Int? = nil,
    ) {
        self.number = number
        self.id = id
        self.picture = picture
        self.question = question
        self.answer = answer
        self.kind = kind
        self.modality = modality
        self.label = label
    }

    /// What predictions call the record: its id, or its number where it has none.
    package var questionID: String { id ?? String(number) }
}
