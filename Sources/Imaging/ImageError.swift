/// Why bytes from outside did not become a picture; the caller's to read, and free of anything the file contained.
package struct ImageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of refusal it is.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// Nothing known begins like these bytes.
        case notAnImage
        /// The file ends before its picture does.
        case truncated
        /// The file breaks the rules of its format.
        case corrupt
        /// More bytes than `ImageLimits.maximumBytes`.
        case tooManyBytes
        /// More pixels than `ImageLimits` allows, by the header's word.
        case tooManyPixels
        /// A good file of a kind that is not read.
        case unsupported
        /// A frame, region or window was asked for that the file does not have or cannot be shown by.
        case notThere
        /// The machine had no memory or thread left to decode with; not the file's fault.
        case noMemory
    }

    /// What kind of refusal it is.
    package let code: Code
    /// One sentence: what was expected, what came, what to do.
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence.
    package var description: String { message }
}
