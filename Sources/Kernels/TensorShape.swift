/// The extents of a tensor, outermost first; always at least one, none negative, and their product fits an `Int`.
package struct TensorShape: Hashable, Sendable, CustomStringConvertible {
    /// The extents, outermost first.
    package let extents: [Int]
    /// The number of elements.
    package let count: Int

    /// Takes extents that are known to be good.
    package init(_ extents: Int...) {
        self.init(extents)
    }

    /// Takes extents that are known to be good.
    package init(_ extents: [Int]) {
        precondition(!extents.isEmpty && extents.allSatisfy { $0 >= 0 }, "a shape needs extents of at least zero")
        self.extents = extents
        self.count = extents.reduce(1, *)
    }

    /// Length of the innermost dimension.
    package var columns: Int { extents[extents.count - 1] }

    /// Number of innermost rows: the product of all outer extents.
    package var rows: Int { extents.dropLast().reduce(1, *) }

    /// `(3, 84, 84)`.
    package var description: String { "(" + extents.map(String.init).joined(separator: ", ") + ")" }
}
