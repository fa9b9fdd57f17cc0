/// A local cluster that cannot be started or does not come up.
package struct LocalClusterError: Error, Sendable, CustomStringConvertible {
    /// One sentence: what was tried, what stood in the way, what to do.
    package let message: String

    /// Describes the trouble.
    package init(_ message: String) {
        self.message = message
    }

    /// The sentence.
    package var description: String { message }
}
