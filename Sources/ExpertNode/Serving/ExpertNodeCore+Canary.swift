package import Model
internal import Shared
internal import Transport

/// Experts that are seen to compute, again and again.
extension ExpertNodeCore {
    /// Sends the canary through the next expert when it is time: in a quiet moment, or when there was none for long.
    func proveNext(isIdle: Bool) {
        guard let interval = settings.canaryInterval else { return }
        let time = now()
        guard lastCanary.duration(to: time) >= (isIdle ? interval : interval * Self.patienceForQuiet) else { return }
        lastCanary = time
        guard let expert = store.nextToProve() else { return }
        let finding = store.bank.canary(expert, hiddenSize: settings.hiddenSize, on: pool)
        healthRevision += 1
        if let reason = store.judge(expert, finding, at: now()) { withdraw(expert, reason) }
    }

    /// Intervals that a busy node goes without a proof.
    private static var patienceForQuiet: Int { 10 }

    /// An expert computes what it should not: what waits for it is refused, and every router is told.
    private func withdraw(_ expert: ExpertID, _ reason: String) {
        metrics.recordCanaryFailure()
        events.append(.failed(expert, reason))
        let sentence = "Expert \(expert) is not ready on this node: \(reason)."
        for dispatch in batcher.removeAll(where: { $0.message.groups.contains { $0.expert == expert } }) {
            refuse(
                .expertNotReady,
                sentence,
                expert: expert,
                retryable: true,
                request: dispatch.request,
                to: dispatch.peer,
            )
        }
        replaceResults(of: expert, sentence)
        servesAnew()
    }

    /// What the expert has just computed is as wrong as what the canary gave: it is refused too, not sent.
    private func replaceResults(of expert: ExpertID, _ sentence: String) {
        for (index, reply) in replies.enumerated() {
            guard case .result(let result) = reply.header.body,
                result.groups.contains(where: { $0.expert == expert })
            else { continue }
            metrics.recordFault(FaultCode.expertNotReady.rawValue)
            let refusal = validator.make(.expertNotReady, sentence, expert: expert, retryable: true)
            let header = WireHeader(request: reply.header.request, body: .fault(refusal))
            replies[index] = OutboundReply(peer: reply.peer, header: header, tensor: nil)
        }
    }

    /// Puts another bank in the place of the weights in memory, unseen: what a damaged memory would do, for tests.
    package func tamper(_ change: (ExpertBank) -> ExpertBank) { store.tamper(change) }
}
