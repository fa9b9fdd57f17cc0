/// Keys or an allow-list that cannot be used; names files, fields and public keys, never a secret.
package struct WireSecurityError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of refusal.
    package enum Code: String, Sendable, CaseIterable {
        /// The installed ZeroMQ cannot encrypt.
        case noCurve
        /// A file cannot be read or written.
        case unreadableFile
        /// Others than the owner may read a file with a secret.
        case exposedFile
        /// A file is there already.
        case fileExists
        /// A text is no key, or two keys do not belong together.
        case invalidKey
        /// The allow-list breaks its form.
        case invalidAllowList
        /// Settings that do not go together.
        case incomplete
    }

    /// The kind of refusal.
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
