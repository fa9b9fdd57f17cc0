internal import Foundation

/// Writes numbers of bytes for people.
enum ByteText {
    /// `7.23 GB`, `590.9 MB`, `12.0 kB` or `512 B`, in steps of a thousand.
    static func describe(_ bytes: Int) -> String {
        for (unit, size, digits) in [("GB", 1e9, 2), ("MB", 1e6, 1), ("kB", 1e3, 1)] where Double(bytes) >= size {
            return String(format: "%.\(digits)f %@", Double(bytes) / size, unit)
        }
        return "\(bytes) B"
    }
}
