internal import Synchronization

/// Lets one plan be made at a time: several at once would take the machine from those who ask questions.
final class PlanTurn: Sendable {
    private let isTaken = Mutex(false)

    /// Takes the turn, which has to be given back.
    ///
    /// - Throws: `busy` when somebody has it.
    func begin() throws(ControlError) {
        let isFree = isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
        guard isFree else { throw ControlError(.busy, "Another plan is being made; ask again when it is done.") }
    }

    /// Gives the turn back.
    func end() { isTaken.withLock { $0 = false } }
}
