/// Why a list of experts or a layout is refused; names words, nodes and experts.
package struct PlacementError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of refusal.
    package enum Code: String, Sendable, CaseIterable {
        /// A word is not an expert, a pattern or `all`.
        case unknownWord
        /// A word has the right form but names no expert of this model.
        case noSuchExpert
        /// Nothing is selected.
        case empty
        /// A number of nodes that the experts cannot be split over.
        case nodeCount
        /// A layout file cannot be read.
        case unreadableFile
        /// A layout file is not JSON, or its JSON has another shape than expected.
        case invalidLayout
        /// A layout leaves experts without a node.
        case uncovered
        /// An expert fits on no node.
        case noRoom
    }

    /// What kind of refusal this is.
    package let code: Code
    /// One sentence: what was expected, what came, what to do.
    package let message: String

    /// Describes a refusal.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    package var description: String { message }
}
