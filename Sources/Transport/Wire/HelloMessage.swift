package import Shared

/// Which side of the wire a process is.
package enum PeerRole: Hashable, Sendable, CaseIterable {
    /// The process that walks the layers and asks.
    case router
    /// The process that holds experts and answers.
    case expertNode
}

/// An expert that a node holds, named with its weights.
package struct HostedExpert: Hashable, Sendable {
    /// The expert.
    package var expert: ExpertID
    /// The digest of its weights, nil where the sender did not make one.
    package var weightsHash: WeightsHash?

    /// Names a hosted expert.
    package init(expert: ExpertID, weightsHash: WeightsHash?) {
        self.expert = expert
        self.weightsHash = weightsHash
    }
}

/// Who is speaking: the first message of each side on a link, sent again when something in it changes.
package struct HelloMessage: Hashable, Sendable {
    /// The name of the node or router, by the rules of `NodeID(validating:)`.
    package var sender: String
    /// A random number made at the start of the process; another one from the same sender means a restart.
    package var incarnation: UInt64
    /// Which side the sender is.
    package var role: PeerRole
    /// The digest of the model's layout, nil where the sender did not make one.
    package var modelHash: WeightsHash?
    /// Elements in a row of activations, 1 to `WireLimits.hiddenSize`.
    package var hiddenSize: Int
    /// The placement that the sender knows.
    package var placementEpoch: UInt64
    /// The experts that the sender holds, at most `WireLimits.experts`; none for a router.
    package var experts: [HostedExpert]
    /// How the sender computes, for people and for provenance.
    package var numerics: String
    /// Name and version of the software.
    package var software: String
    /// The longest frame that the sender accepts, in bytes.
    package var maximumMessageBytes: UInt64
    /// The sender finishes what it has and takes no more.
    package var draining: Bool

    /// Makes a hello.
    package init(
        sender: String,
        incarnation: UInt64,
        role: PeerRole,
        modelHash: WeightsHash?,
        hiddenSize: Int,
        placementEpoch: UInt64,
        experts: [HostedExpert] = [],
        numerics: String,
        software: String,
        maximumMessageBytes: UInt64,
        draining: Bool = false,
    ) {
        self.sender = sender
        self.incarnation = incarnation
        self.role = role
        self.modelHash = modelHash
        self.hiddenSize = hiddenSize
        self.placementEpoch = placementEpoch
        self.experts = experts
        self.numerics = numerics
        self.software = software
        self.maximumMessageBytes = maximumMessageBytes
        self.draining = draining
    }
}

extension HelloMessage {
    func validate() throws(WireError) {
        try WireText.check(sender, field: "hello.sender")
        guard NodeID(validating: sender) != nil else {
            throw WireError(
                .invalidField,
                "hello.sender is not a name of 1 to 128 letters, digits and . _ : -",
            )
        }
        try RowGroup.check(hiddenSize: hiddenSize, of: "hello")
        guard experts.count <= WireLimits.experts else {
            throw WireError(
                .limitExceeded,
                "hello has \(experts.count) experts; the limit is \(WireLimits.experts)",
            )
        }
        for hosted in experts { try hosted.expert.validateForWire() }
        try WireText.check(numerics, field: "hello.numerics")
        try WireText.check(software, field: "hello.software")
    }
}
