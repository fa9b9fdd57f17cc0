/// How an answer is scored.
package enum AnswerKind: String, Sendable, CaseIterable {
    /// Free words: overlap with the expected ones.
    case open
    /// One of few answers: the expected one has to occur.
    case closed

    /// The kind that the published scorer reads from an `answer_type`; nil for every spelling that it passes over.
    ///
    /// `closed` in lower case and `Open` are such spellings: published figures were made without them.
    package init?(spelling: String) {
        switch spelling {
        case "OPEN", "open": self = .open
        case "CLOSED", "close": self = .closed
        default: return nil
        }
    }
}
