package import Model

/// Why a query was refused or could not be answered, in words for its caller.
///
/// The HTTP layer turns the code into a status; the message never holds prompt text or pixels.
package struct QueryError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of refusal.
    package enum Code: Sendable, Equatable {
        /// The request itself is wrong (400); `parameter` says where.
        case invalidRequest
        /// The model asked for is not served here (404).
        case unknownModel
        /// No such path (404).
        case notFound
        /// The body or an image in it is over a limit (413).
        case tooLarge
        /// The waiting queue is full (429).
        case queueFull
        /// The server is shutting down (503).
        case draining
        /// An expert that the answer needs cannot be reached (503).
        case expertUnavailable
        /// An expert that the answer needs did not answer in time (504).
        case expertTimedOut
        /// The request's own deadline passed (408).
        case deadlineExceeded
        /// The model is not ready to answer (503).
        case notReady
        /// A fault of ours (500).
        case internalError
    }

    /// What kind of refusal it is.
    package var code: Code
    /// One sentence: what was expected, what came, what to do.
    package var message: String
    /// The request field concerned, if any.
    package var parameter: String?
    /// Seconds after which it is worth trying again, where that is known.
    package var retryAfter: Int?

    /// Describes a refusal.
    package init(_ code: Code, _ message: String, parameter: String? = nil, retryAfter: Int? = nil) {
        self.retryAfter = retryAfter
        self.code = code
        self.message = message
        self.parameter = parameter
    }

    /// The answer's fate when one of its experts did not answer.
    package init(_ failure: ExpertFailure) {
        switch failure.code {
        case .timedOut: self.init(.expertTimedOut, failure.message)
        case .unavailable, .refused: self.init(.expertUnavailable, failure.message)
        // Its caller is gone, or the server ends.
        case .abandoned: self.init(.draining, "The server is shutting down; the answer was cut off.")
        }
    }

    /// The sentence.
    package var description: String { message }
}
