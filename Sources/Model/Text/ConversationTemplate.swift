package import Shared

/// The text form in which the published models were trained to read a conversation.
///
/// One system text, then `USER: question ASSISTANT: answer<|endoftext|>` for each turn, open after the last
/// `ASSISTANT:`. The model's next tokens are the answer.
package struct ConversationTemplate: Hashable, Sendable {
    /// Name of the template, as checkpoints give it.
    package let name: String
    /// What stands at the beginning when the conversation brings no system message.
    package let systemText: String

    private let userLabel = "USER"
    private let assistantLabel = "ASSISTANT"
    private let questionEnd = " "
    private let answerEnd = "<|endoftext|>"

    /// The template of the StableLM form.
    package static let stablelm = ConversationTemplate(name: "stablelm")
    /// The template of the Phi form; its text is that of the StableLM form.
    package static let phi = ConversationTemplate(name: "phi")

    private init(name: String) {
        self.name = name
        systemText =
            "A chat between a curious user and an artificial intelligence assistant. "
            + "The assistant gives helpful, detailed, and polite answers to the user's questions."
    }

    /// The template in which the published models of a form were trained.
    package static func of(_ form: ModelForm) -> ConversationTemplate {
        switch form {
        case .stableLM: stablelm
        case .phi: phi
        }
    }

    /// The template of this name; throws `ConversationError` when there is none.
    package static func named(_ name: String) throws(ConversationError) -> ConversationTemplate {
        let known = [stablelm, phi]
        guard let template = known.first(where: { $0.name == name }) else {
            throw ConversationError(
                .unknownTemplate,
                message: "expected a conversation template out of \(known.map(\.name).joined(separator: ", ")), "
                    + "got \"\(name.prefix(40))\""
            )
        }
        return template
    }

    /// The prompt that asks for an answer to the last message.
    ///
    /// A system message may stand first and replaces the system text. Then user and assistant take turns, the user
    /// first and last. Throws `ConversationError` for any other order and for an empty question. An empty answer is
    /// written as the model gave it: the end follows the label at once.
    package func prompt(turns: [ChatTurn]) throws(ConversationError) -> String {
        let hasSystem = turns.first?.role == .system
        var text = (hasSystem ? turns.first?.text : nil) ?? systemText
        text += questionEnd

        let firstIndex = hasSystem ? 1 : 0
        guard turns.count > firstIndex else {
            throw ConversationError(.noQuestion, message: "expected a message with role user, got none; add a question")
        }
        for (index, turn) in turns.enumerated().dropFirst(firstIndex) {
            try check(turn, at: index, expecting: (index - firstIndex).isMultiple(of: 2) ? .user : .assistant)
            switch turn.role {
            case .user: text += "\(userLabel): \(turn.text)\(questionEnd)"
            case .assistant: text += "\(assistantLabel):\(turn.text.isEmpty ? "" : " ")\(turn.text)\(answerEnd)"
            case .system: break
            }
        }
        guard turns.last?.role == .user else {
            throw ConversationError(
                .roleOrder,
                turn: turns.count - 1,
                message: "expected the last message to have role user, got assistant; end with a question"
            )
        }
        return text + assistantLabel + ":"
    }

    private func check(_ turn: ChatTurn, at index: Int, expecting role: ChatRole) throws(ConversationError) {
        guard turn.role == role else {
            let advice =
                turn.role == .system
                ? "put one system message first, or none"
                : "let user and assistant take turns, and join messages of one role"
            throw ConversationError(
                .roleOrder,
                turn: index,
                message: "expected message \(index) to have role \(role.rawValue), got \(turn.role.rawValue); \(advice)"
            )
        }
        guard role != .user || !turn.text.isEmpty else {
            throw ConversationError(
                .emptyQuestion,
                turn: index,
                message: "expected text in message \(index) of the user, got none"
            )
        }
    }
}
