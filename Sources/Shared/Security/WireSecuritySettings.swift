/// What an operator says about the protection of the wire: two files, or that it may go without.
package struct WireSecuritySettings: Hashable, Sendable {
    /// The file with this process's CURVE keys; nil for a wire in plain.
    package var keyFile: String?
    /// The file that says which keys are let in, and what for.
    package var allowList: String?
    /// Whether the wire may be plain where others can listen: the operator insists.
    package var permitsPlain: Bool

    /// Describes what was asked for; without arguments, plain on this machine only.
    package init(keyFile: String? = nil, allowList: String? = nil, permitsPlain: Bool = false) {
        self.keyFile = keyFile
        self.allowList = allowList
        self.permitsPlain = permitsPlain
    }
}
