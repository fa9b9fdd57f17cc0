package import Shared

/// Why a node did not answer with a result.
package enum FaultCode: String, Sendable, CaseIterable {
    /// The node's queue is full.
    case busy
    /// The node finishes what it has and takes no more.
    case draining
    /// The dispatch was planned by a placement that is not the node's.
    case stalePlacement
    /// The node holds the expert but has not loaded it yet.
    case expertNotReady
    /// The dispatch does not fit the model that the node serves.
    case invalidRequest
    /// The time budget was used up before the rows were computed.
    case deadlineExceeded
    /// The node does not know how, for example an element type.
    case unsupported
    /// Something broke at the node.
    case `internal`
}

/// A node's report that there will be no result, and why.
package struct FaultMessage: Hashable, Sendable {
    /// The kind of trouble.
    package var code: FaultCode
    /// One sentence of shapes, ids and limits, never content.
    package var message: String
    /// The expert that was the trouble, where it was one.
    package var expert: ExpertID?
    /// Whether the same rows may be sent again, here or elsewhere.
    package var retryable: Bool
    /// The node's placement.
    package var placementEpoch: UInt64

    /// Makes a fault; a message that may not travel is clipped to `WireLimits.textBytes` and freed of control characters.
    package init(
        code: FaultCode,
        message: String,
        expert: ExpertID? = nil,
        retryable: Bool,
        placementEpoch: UInt64,
    ) {
        self.code = code
        self.message = WireText.clipped(message)
        self.expert = expert
        self.retryable = retryable
        self.placementEpoch = placementEpoch
    }
}

extension FaultMessage {
    func validate() throws(WireError) {
        try WireText.check(message, field: "fault.message")
        try expert?.validateForWire()
    }
}
