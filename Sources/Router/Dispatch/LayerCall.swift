internal import Kernels
internal import Model
internal import Shared
internal import Transport

/// One layer's question to its experts, from the first dispatch to the last answer.
///
/// Each expert is open until somebody's answer for it counts, or nobody is left to be asked.
final class LayerCall: PendingExperts {
    /// One expert whose answer is awaited.
    struct OpenExpert {
        let group: DispatchPlan.Group
        /// How often each link was asked.
        var asked: [LinkID: Int] = [:]
        /// Dispatches that may still bring the answer.
        var inFlight = 0

        init(_ group: DispatchPlan.Group) { self.group = group }
    }

    let answers: LayerAnswers
    let deadline: ContinuousClock.Instant
    let isAbandoned: () -> Bool
    private(set) var open: [ExpertID: OpenExpert] = [:]
    private let plane: RemoteExpertPlane

    init(_ call: borrowing ExpertCall, plan: DispatchPlan, dtype: WireDType, plane: RemoteExpertPlane) {
        answers = LayerAnswers(call, dtype: dtype)
        deadline = call.deadline
        isAbandoned = call.isAbandoned
        self.plane = plane
        for group in plan.dispatches.flatMap(\.groups) { open[group.expert] = OpenExpert(group) }
    }

    var isComplete: Bool { open.isEmpty }

    func isOpen(_ expert: ExpertID) -> Bool { open[expert] != nil }

    /// Notes that a link is asked.
    func ask(_ dispatch: DispatchPlan.NodeDispatch) {
        for group in dispatch.groups {
            open[group.expert]?.asked[dispatch.link, default: 0] += 1
            open[group.expert]?.inFlight += 1
            let times = open[group.expert]?.asked.values.reduce(0, +) ?? 0
            answers.attempts = max(answers.attempts, times)
        }
    }

    /// Notes that a dispatch brings nothing any more; returns the groups that nobody is at work on now.
    func stopped(_ dispatch: DispatchPlan.NodeDispatch) -> [DispatchPlan.Group] {
        dispatch.groups.filter { group in
            guard open[group.expert] != nil else { return false }
            open[group.expert]?.inFlight -= 1
            return open[group.expert]?.inFlight == 0
        }
    }

    /// Takes a node's rows in; false unless they are exactly what was asked for.
    func accept(_ result: ResultMessage, frame: Frame, dispatch: DispatchPlan.NodeDispatch) -> Bool {
        guard answers.accept(result, frame: frame, dispatch: dispatch, wanted: isOpen) else { return false }
        for group in dispatch.groups { open[group.expert] = nil }
        return true
    }

    /// Gives an expert up.
    func fail(_ expert: ExpertID, _ code: ExpertFailure.Code, _ reason: String) {
        open[expert] = nil
        answers.fail(expert, code, reason)
    }

    func finish() -> ExpertOutputs { plane.finish(self) }
}
