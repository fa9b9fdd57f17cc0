/// A message that is not one of ours, or breaks a bound of the wire; names fields, sizes and limits, never content.
package struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of rule was broken.
    package enum Code: String, Sendable, CaseIterable {
        /// The header frame has no bytes.
        case emptyHeader
        /// The header frame, or the header to be sent, is longer than `WireLimits.headerBytes`.
        case headerTooLarge
        /// The header frame is not a protobuf `Header`.
        case unreadable
        /// The header speaks another version of the protocol.
        case unsupportedVersion
        /// The header has no body.
        case missingBody
        /// A field is absent, unknown, or has a value that means nothing.
        case invalidField
        /// The rows have an element type that this side has never heard of.
        case unknownElementType
        /// A field is beyond its bound in `WireLimits`.
        case limitExceeded
        /// The message has too many frames, or lacks its tensor frame, or has one where none belongs.
        case frameCount
        /// The tensor frame's bytes are not what the header's rows need.
        case tensorSize
        /// The tensor frame's bytes are not those that were sent, or nobody said what they add up to.
        case checksum
        /// There was no memory for the message.
        case outOfMemory
    }

    /// The rule that was broken.
    package let code: Code
    /// One sentence: what was expected, what came.
    package let message: String
    /// The request that the broken message belongs to; 0 where that was not to be read.
    package private(set) var request: UInt64 = 0

    /// Describes a broken rule.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The same error, of a message whose request number was read.
    func of(request: UInt64) -> WireError {
        var error = self
        error.request = request
        return error
    }

    /// `code: message`.
    package var description: String { "\(code.rawValue): \(message)" }
}
