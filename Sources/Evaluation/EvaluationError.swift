/// Why records, predictions or a data set are refused; names files, record numbers and fields, never their texts.
package struct EvaluationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of refusal.
    package enum Code: String, Sendable, CaseIterable {
        /// A file is missing, is not a plain file, or cannot be read or written.
        case unreadableFile
        /// A file or a part of it is over a bound.
        case tooLarge
        /// A file breaks the rules of its format.
        case invalidFile
        /// A record lacks a field, or the field has another form than expected.
        case invalidRecord
        /// A record's image lies outside of the images folder.
        case imageOutside
        /// A prediction lacks a field, or the field has another form than expected.
        case invalidPrediction
        /// Predictions and records do not belong together.
        case mismatch
        /// A good file of a kind that is not read.
        case unsupported
    }

    /// What kind of refusal it is.
    package let code: Code
    /// One sentence: what was expected, what came, what to do.
    package let message: String

    /// Describes a refusal.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence.
    package var description: String { message }
}
