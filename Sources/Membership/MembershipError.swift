/// Why a source of membership cannot be used: one sentence with what was expected, what came, what to do.
package struct MembershipError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of trouble.
    package enum Code: String, Sendable {
        /// The words that name a source make no sense.
        case invalidSource
        /// A placement cannot be read or is none.
        case invalidPlacement
        /// A name has no addresses now.
        case unresolved
        /// etcd does not answer.
        case unreachable
        /// etcd answers something else than expected.
        case refused
        /// Somebody else changed the placement meanwhile.
        case conflict
    }

    /// What kind of trouble this is.
    package let code: Code
    /// The sentence.
    package let message: String

    /// Describes the trouble.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence.
    package var description: String { message }
}
