/// Name and version of this software, as it introduces itself.
package enum SoftwareVersion {
    /// `medmoe/0.1.0`.
    package static let current = "medmoe/\(number)"
    /// `0.1.0`.
    package static let number = "0.1.0"
}
