/// The element type of a tensor frame; elements are little-endian.
package enum WireDType: Hashable, Sendable, CaseIterable {
    /// IEEE 754 binary32.
    case float32
    /// IEEE 754 binary16.
    case float16
    /// The upper half of a binary32.
    case bfloat16

    /// Bytes of one element.
    package var size: Int {
        switch self {
        case .float32: 4
        case .float16, .bfloat16: 2
        }
    }
}
