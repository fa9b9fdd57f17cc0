internal import Model
package import Shared
package import Transport

/// What the control API needs to know beside the cluster's state.
package struct ControlSettings: Sendable {
    /// The model's layers and experts.
    package var moe: MoEConfiguration
    /// Bytes of each expert's weights as they are stored.
    package var expertBytes: [ExpertID: Int]
    /// What whoever changes something has to show; nil for a router whose API listens on loopback only.
    package var token: String?
    /// Who has the last word on the placement; nil where it takes no changes.
    package var authority: (any PlacementAuthority)?
    /// What fixes the placement where it takes no changes, in a word for people.
    package var fixedBy = "flags"

    /// Which keys may host what, where the wire has keys: no placement can give a node more.
    package var trust: WireTrust?

    /// Describes a model; changes are for loopback.
    package init(
        moe: MoEConfiguration,
        expertBytes: [ExpertID: Int],
        token: String? = nil,
        authority: (any PlacementAuthority)? = nil,
    ) {
        self.moe = moe
        self.expertBytes = expertBytes
        self.token = token
        self.authority = authority
    }
}

extension RouterLauncher {
    /// What the control API has to know of the checkpoint.
    package func makeControlSettings() -> ControlSettings {
        let configuration = weights.configuration
        var bytes: [ExpertID: Int] = [:]
        for expert in configuration.moe.experts {
            bytes[expert] = weights.checkpoint.tensors(of: expert, configuration.form)
                .reduce(0) { $0 + (weights.checkpoint.entry($1.fullName)?.byteRange.count ?? 0) }
        }
        return ControlSettings(moe: configuration.moe, expertBytes: bytes)
    }
}
