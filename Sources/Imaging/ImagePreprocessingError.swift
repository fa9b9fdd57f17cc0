/// Why a `preprocessor_config.json` was refused.
package struct ImagePreprocessingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of refusal it is.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// Not JSON, or a field of the wrong type.
        case notReadable
        /// A number outside its bounds.
        case outOfRange
        /// A well-formed wish that is not implemented.
        case unsupported
    }

    /// What kind of refusal it is.
    package let code: Code
    /// One sentence that names the field, what came and what is taken.
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence.
    package var description: String { message }
}
