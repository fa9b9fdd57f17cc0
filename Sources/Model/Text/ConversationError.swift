/// Why a list of messages cannot be written as a prompt.
package struct ConversationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of refusal.
    package enum Code: String, Sendable {
        /// There is no message that asks anything.
        case noQuestion
        /// The roles do not follow each other as the template needs it.
        case roleOrder
        /// A question without any text or image.
        case emptyQuestion
        /// No template has this name.
        case unknownTemplate
    }

    /// What kind of refusal this is.
    package let code: Code
    /// Index of the message that is at fault, from 0; nil when it is none in particular.
    package let turn: Int?
    /// One sentence: what was expected, what came, what to do.
    package let message: String

    /// Makes an error about a conversation.
    package init(_ code: Code, turn: Int? = nil, message: String) {
        self.code = code
        self.turn = turn
        self.message = message
    }

    /// The message.
    package var description: String { message }
}
