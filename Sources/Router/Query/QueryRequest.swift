package import Imaging
package import Model

/// One question as it came over an API, checked for form but not yet decoded: the border to everything behind.
package struct QueryRequest: Sendable {
    /// One message of the conversation.
    package struct Message: Sendable {
        /// Who speaks.
        package var role: ChatRole
        /// What is said, in order.
        package var parts: [Part]

        /// Makes a message.
        package init(role: ChatRole, parts: [Part]) {
            self.role = role
            self.parts = parts
        }
    }

    /// A piece of a message.
    package enum Part: Sendable {
        /// Words.
        case text(String)
        /// An encoded picture, with the media type that its sender gave and what is wanted of it.
        case image([UInt8], mediaType: String?, options: ImageDecodingOptions = ImageDecodingOptions())
    }

    /// How much of its origin the answer tells.
    package enum ProvenanceLevel: String, Sendable, CaseIterable {
        /// Shares of each expert over the whole answer.
        case summary
    }

    /// What happens to a picture that is not square.
    package enum ImageAspect: String, Sendable, CaseIterable {
        /// It is filled up to a square.
        case pad
        /// Its middle is cut out.
        case crop
    }

    /// The model asked for, nil for whichever is served.
    package var model: String?
    /// The conversation, oldest first.
    package var messages: [Message]
    /// How tokens are drawn.
    package var sampling = SamplingParameters()
    /// Tokens to generate at most, nil for as many as fit.
    package var maximumTokens: Int?
    /// Whether the answer goes on past the model's end token; for measurements.
    package var ignoresEnd = false
    /// Texts that end the answer.
    package var stop: [String] = []
    /// Whether the answer comes as a stream of events.
    package var stream = false
    /// Whether a stream ends with the usage.
    package var streamUsage = false
    /// What the answer tells of its origin.
    package var provenance: ProvenanceLevel?
    /// What becomes of it when an expert is missing, nil for what the server does.
    package var onMissing: MissingExpertPolicy?
    /// Time that the caller gives, nil for the server's default.
    package var deadline: Duration?

    /// What happens to pictures that are not square, nil for what the checkpoint says.
    package var imageAspect: ImageAspect?
    /// Texts of which the likeliest is the answer; empty to generate one.
    package var choices: [String] = []

    /// Makes a question.
    package init(model: String?, messages: [Message]) {
        self.model = model
        self.messages = messages
    }
}
