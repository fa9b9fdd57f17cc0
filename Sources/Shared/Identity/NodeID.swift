/// The name of an expert node, chosen by its operator and unique in a cluster.
package struct NodeID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name as given, at most 128 bytes of visible ASCII when it came through `init(validating:)`.
    package let rawValue: String

    /// Takes a name that is already known to be good.
    package init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    /// Takes a name from outside; nil unless it is 1 to 128 characters out of `A-Z a-z 0-9 . _ : -`, the first no dot.
    ///
    /// Names become parts of file names, so nothing in them may lead out of a folder.
    package init?(validating text: String) {
        guard (1...128).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed), !text.hasPrefix(".") else {
            return nil
        }
        rawValue = text
    }

    /// The name itself.
    package var description: String { rawValue }

    /// By name.
    package static func < (left: NodeID, right: NodeID) -> Bool { left.rawValue < right.rawValue }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ":"): true
        default: false
        }
    }
}
