/// The bounds that both ends of the wire keep; a message beyond one of them is refused, not clipped.
package enum WireLimits {
    /// Bytes of a header frame: about 20 000 hosted experts with their hashes.
    package static let headerBytes = 1 << 20
    /// UTF-8 bytes of any text field.
    package static let textBytes = 256
    /// Row groups of one dispatch or result.
    package static let groups = 4096
    /// Hosted experts of one hello.
    package static let experts = 65_536
    /// Elements in a row of activations, from 1.
    package static let hiddenSize = 65_536
    /// Largest layer number, and largest expert index.
    package static let expertNumber = 65_535
    /// Longest time budget of a dispatch: one day, in milliseconds.
    package static let deadlineMilliseconds: UInt64 = 86_400_000
}
