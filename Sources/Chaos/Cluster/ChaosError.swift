/// A run that cannot go on: one sentence of what was expected, what came, what to do.
package struct ChaosError: Error, Sendable, CustomStringConvertible {
    /// The sentence.
    package let message: String

    /// Describes the trouble.
    package init(_ message: String) {
        self.message = message
    }

    /// The sentence.
    package var description: String { message }
}
