/// One answer of a model, as a line of a predictions file holds it.
///
/// It holds content and is never logged.
package struct Prediction: Sendable, Equatable {
    /// The record answered; nil when the line does not say.
    package var questionID: String?
    /// The question as it was put; nil when the line does not say.
    package var prompt: String?
    /// The answer.
    package var text: String
    /// An id of the answer's own.
    package var answerID: String?
    /// The model that answered.
    package var modelID: String?
    /// The record's number in its file, and the image's aspect, which are ours; nil in files from elsewhere.
    package var origin: Origin?

    /// What our own predictions say beyond the published fields, in `metadata`.
    package struct Origin: Sendable, Equatable {
        /// The record's number in its file, from 1.
        package var record: Int
        /// What was done to the picture and to the answer: `crop`, `pad`, and the like.
        package var mode: String

        /// Describes an origin.
        package init(record: Int, mode: String) {
            self.record = record
            self.mode = mode
        }
    }

    /// Describes an answer.
    package init(
        questionID: String?,
        prompt: String? = nil,
        text: String,
        answerID: String? = nil,
        modelID: String? = nil,
        origin: Origin? = nil,
    ) {
        self.questionID = questionID
        self.prompt = prompt
        self.text = text
        self.answerID = answerID
        self.modelID = modelID
        self.origin = origin
    }
}
