internal import HTTPTypes

/// Why the control API does not do what it was asked, in words for its caller.
package struct ControlError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of refusal.
    package enum Code: String, Sendable, CaseIterable {
        /// The request itself is wrong (400).
        case invalidRequest = "invalid_request"
        /// No token or a wrong one came (401).
        case unauthorized
        /// Changes are not taken from there (403).
        case forbidden
        /// No such node (404).
        case unknownNode = "node_not_found"
        /// The cluster is in no state for it (409).
        case conflict
        /// This router's placement is fixed (409).
        case fixed = "placement_fixed"
        /// More than a document may have (413).
        case tooLarge = "request_too_large"
        /// One is worked on already (429).
        case busy
        /// Whoever keeps the placement cannot be reached (503).
        case unavailable
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

    /// What an authority said, as a sentence.
    package init(_ error: PlacementAuthorityError) {
        let code: Code =
            switch error.code {
            case .conflict: .conflict
            case .fixed: .fixed
            case .unavailable: .unavailable
            }
        self.init(code, Self.sentence(error.message))
    }

    /// Words that begin small, as a sentence.
    package static func sentence(_ words: String) -> String { words.prefix(1).uppercased() + words.dropFirst() + "." }

    /// The sentence.
    package var description: String { message }
}

extension APIError {
    /// What goes over the wire for a refusal of the control API.
    package init(_ error: ControlError) {
        let (status, type): (HTTPResponse.Status, String) =
            switch error.code {
            case .invalidRequest: (.badRequest, "invalid_request_error")
            case .unauthorized: (.unauthorized, "authentication_error")
            case .forbidden: (.forbidden, "permission_error")
            case .unknownNode: (.notFound, "not_found_error")
            case .conflict, .fixed: (.conflict, "conflict_error")
            case .tooLarge: (.contentTooLarge, "invalid_request_error")
            case .busy: (.tooManyRequests, "rate_limit_error")
            case .unavailable: (.serviceUnavailable, "unavailable_error")
            }
        self.init(status: status, type: type, code: error.code.rawValue, message: error.message)
    }
}
