/// The header of a message: everything but the activations, as a value.
///
/// `encode()` and `decode(_:)` check the same bounds, so that neither side can be made to send what the other refuses.
package struct WireHeader: Hashable, Sendable {
    /// The version that this code speaks.
    package static let currentVersion: UInt32 = 1

    /// The version of the protocol; `decode` refuses all but `currentVersion`.
    package var version: UInt32
    /// The request that this belongs to, from 1; 0 where nothing is asked, as in a hello.
    package var request: UInt64
    /// What is said.
    package var body: WireBody

    /// Makes a header of the current version.
    package init(request: UInt64 = 0, body: WireBody, version: UInt32 = WireHeader.currentVersion) {
        self.version = version
        self.request = request
        self.body = body
    }
}

/// What a message says.
package enum WireBody: Hashable, Sendable {
    /// Who is speaking.
    case hello(HelloMessage)
    /// Run these rows through these experts; a tensor frame follows.
    case dispatch(DispatchMessage)
    /// The outputs; a tensor frame follows.
    case result(ResultMessage)
    /// No outputs, and why.
    case fault(FaultMessage)
    /// The sender lives and gets on.
    case heartbeat(HeartbeatMessage)
    /// The sender leaves on purpose.
    case goodbye(GoodbyeMessage)
    /// Drop the request of the header's number if it is not yet computed.
    case cancel
    /// Host these experts and no others.
    case assign(AssignMessage)

    /// The body's name in the protocol, for logs and error text.
    package var name: String {
        switch self {
        case .hello: "hello"
        case .dispatch: "dispatch"
        case .result: "result"
        case .fault: "fault"
        case .heartbeat: "heartbeat"
        case .goodbye: "goodbye"
        case .cancel: "cancel"
        case .assign: "assign"
        }
    }
}

extension WireHeader {
    /// Throws for any field that is out of its bounds; the version is not looked at.
    func validate() throws(WireError) {
        switch body {
        case .hello(let hello): try hello.validate()
        case .dispatch(let dispatch):
            try requireRequest()
            try dispatch.validate()
        case .result(let result):
            try requireRequest()
            try result.validate()
        case .fault(let fault): try fault.validate()
        case .heartbeat(let heartbeat): try heartbeat.validate()
        case .goodbye(let goodbye): try WireText.check(goodbye.reason, field: "goodbye.reason")
        case .cancel: try requireRequest()
        case .assign(let assign): try assign.validate()
        }
    }

    private func requireRequest() throws(WireError) {
        guard request == 0 else { return }
        throw WireError(.invalidField, "a \(body.name) has request number 0; numbers start at 1")
    }
}
