/// Who says a message of a conversation.
package enum ChatRole: String, Hashable, Sendable, CaseIterable {
    /// Instructions that stand before the conversation.
    case system
    /// The person who asks.
    case user
    /// The model.
    case assistant
}

/// One message of a conversation.
package struct ChatTurn: Hashable, Sendable {
    /// Who says it.
    package var role: ChatRole
    /// What is said; `<image>` stands where an image belongs.
    package var text: String

    /// Makes a message.
    package init(role: ChatRole, text: String) {
        self.role = role
        self.text = text
    }
}
