internal import Synchronization

/// What the compute loop tells the threads that answer health checks.
final class NodeState: Sendable {
    private struct Values {
        var isComputing = false
        var isDraining = false
        var lastStep: ContinuousClock.Instant = .now
    }

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

    func startDraining() { values.withLock { $0.isDraining = true } }
    var isDraining: Bool { values.withLock { $0.isDraining } }

    /// Why the node takes no rows, nil when it does.
    var reasonNotReady: String? {
        values.withLock { values in
            if values.isDraining { return "The node is draining." }
            guard values.isComputing else { return "The node is starting." }
            let silent = values.lastStep.duration(to: .now)
            return silent > Self.stuckAfter ? "The compute loop did not come round for \(silent)." : nil
        }
    }
}
