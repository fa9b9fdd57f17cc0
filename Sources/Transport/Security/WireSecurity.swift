package import Shared

/// Who this process is on the wire, and whom it trusts.
package struct WireSecurity: Sendable {
    /// Its own keys.
    package let keys: CurveKeyPair
    /// Whom it trusts.
    package let trust: WireTrust

    /// Describes a process.
    package init(keys: CurveKeyPair, trust: WireTrust) {
        self.keys = keys
        self.trust = trust
    }

    /// Reads the files that the settings name; nil for a plain wire.
    ///
    /// - Throws: `incomplete` for one file without the other, and what reading them throws.
    package static func load(
        _ settings: WireSecuritySettings,
        of moe: MoEConfiguration,
    ) throws(WireSecurityError) -> WireSecurity? {
        switch (settings.keyFile, settings.allowList) {
        case (nil, nil): return nil
        case (let keyFile?, let allowList?):
            return WireSecurity(keys: try CurveKeyPair(file: keyFile), trust: try WireTrust(file: allowList, of: moe))
        case (_?, nil):
            throw WireSecurityError(.incomplete, "--key-file came without --allow-list; give both, or neither")
        case (nil, _?):
            throw WireSecurityError(.incomplete, "--allow-list came without --key-file; give both, or neither")
        }
    }
}
