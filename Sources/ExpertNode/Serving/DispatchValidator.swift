package import Model
package import Shared
package import Transport

/// Checks a dispatch against what this node hosts, before any of its memory is touched.
package struct DispatchValidator {
    let experts: ExpertBank
    let hiddenSize: Int
    let placementEpoch: UInt64
    /// Experts that are to be here and cannot compute, each with the reason.
    let notReady: [ExpertID: String]
    /// Experts that are here for what is queued only.
    let leaving: Set<ExpertID>

    /// Checks for a node that hosts these experts.
    package init(
        experts: ExpertBank,
        hiddenSize: Int,
        placementEpoch: UInt64,
        notReady: [ExpertID: String] = [:],
        leaving: Set<ExpertID> = [],
    ) {
        self.experts = experts
        self.hiddenSize = hiddenSize
        self.placementEpoch = placementEpoch
        self.notReady = notReady
        self.leaving = leaving
    }

    /// The fault that a dispatch deserves, or nil when it can be computed.
    package func fault(for message: DispatchMessage, tensorBytes: Int?) -> FaultMessage? {
        guard let tensorBytes else {
            return invalid("A dispatch needs a tensor frame after its header; none came.")
        }
        guard message.hiddenSize == hiddenSize else {
            return invalid("Rows of this model have \(hiddenSize) numbers; the dispatch says \(message.hiddenSize).")
        }
        do {
            try message.validate(tensorBytes: tensorBytes)
        } catch {
            return invalid(error.message)
        }
        for group in message.groups {
            if let reason = notReady[group.expert] {
                let sentence = "Expert \(group.expert) is not ready on this node: \(reason)."
                return make(.expertNotReady, sentence, expert: group.expert, retryable: true)
            }
            guard !leaving.contains(group.expert), let hash = experts.hash(of: group.expert) else {
                return make(
                    .stalePlacement,
                    "This node does not host expert \(group.expert).",
                    expert: group.expert,
                    retryable: true,
                )
            }
            if let wanted = group.weightsHash, wanted != hash {
                return make(
                    .stalePlacement,
                    "Expert \(group.expert) has weights \(hash.short) here; the dispatch wants \(wanted.short).",
                    expert: group.expert,
                    retryable: true,
                )
            }
        }
        return nil
    }

    func make(_ code: FaultCode, _ message: String, expert: ExpertID? = nil, retryable: Bool) -> FaultMessage {
        FaultMessage(
            code: code,
            message: message,
            expert: expert,
            retryable: retryable,
            placementEpoch: placementEpoch,
        )
    }

    private func invalid(_ message: String) -> FaultMessage {
        make(.invalidRequest, message, retryable: false)
    }
}
