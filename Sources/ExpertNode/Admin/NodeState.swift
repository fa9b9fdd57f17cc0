internal import Shared
internal import Synchronization

/// What the compute loop tells the threads that answer health checks.
final class NodeState: Sendable {
    private struct Values {
        var isComputing = false
        var isDraining = false
        var lastStep: ContinuousClock.Instant = .now
        var experts: [ExpertID: Expert] = [:]
    }

    /// Where an expert stands.
    typealias Expert = (condition: ExpertStore.Condition, provedAt: ContinuousClock.Instant?)

    /// A loop that did not come round for this long is stuck.
    private static let stuckAfter: Duration = .seconds(30)
    private let values = Mutex(Values())

    /// The loop came round; the program proved each expert able to compute before it began.
    func cameRound() {
        values.withLock {
            $0.isComputing = true
            $0.lastStep = .now
        }
    }

    /// Where the experts stand now.
    func show(_ experts: [ExpertID: Expert]) { values.withLock { $0.experts = experts } }
    var experts: [ExpertID: Expert] { values.withLock { $0.experts } }

    func startDraining() { values.withLock { $0.isDraining = true } }
    var isDraining: Bool { values.withLock { $0.isDraining } }

    /// Why the node takes no rows, nil when it does.
    var reasonNotReady: String? {
        values.withLock { values in
            if values.isDraining { return "The node is draining." }
            guard values.isComputing else { return "The node is starting." }
            let silent = values.lastStep.duration(to: .now)
            if silent > Self.stuckAfter { return "The compute loop did not come round for \(silent)." }
            let late = values.experts.filter { $0.value.condition != .ready }.keys.sorted()
            guard let first = late.first else { return nil }
            return late.count == 1
                ? "Expert \(first) is not ready." : "Expert \(first) and \(late.count - 1) more are not ready."
        }
    }
}
