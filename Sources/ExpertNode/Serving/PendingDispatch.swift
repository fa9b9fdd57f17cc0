package import Transport

/// One accepted dispatch on its way through the node: its rows, and the result as far as it is computed.
package final class PendingDispatch {
    /// Who asked.
    package let peer: PeerID
    /// The asker's number for it.
    package let request: UInt64
    /// What is asked.
    package let message: DispatchMessage
    /// The rows as they came, `(rows, hiddenSize)` of the message's element type.
    let input: Frame
    /// The outputs in the same order and element type.
    let output: Frame
    let accepted: ContinuousClock.Instant
    /// When its answer stops being useful.
    package let deadline: ContinuousClock.Instant
    /// Rows of each group that are computed; groups are computed front to back.
    private var computed: [Int]
    /// When its first row began to compute.
    var started: ContinuousClock.Instant?
    var computeTime: Duration = .zero
    /// Whether an output does not fit the element type, so that there is no result.
    var isSpoiled = false

    /// Accepts a dispatch whose tensor frame fits its header.
    package init(
        peer: PeerID,
        request: UInt64,
        message: DispatchMessage,
        input: Frame,
        output: Frame,
        accepted: ContinuousClock.Instant,
    ) {
        self.peer = peer
        self.request = request
        self.message = message
        self.input = input
        self.output = output
        self.accepted = accepted
        deadline = accepted + .milliseconds(Int64(message.deadlineMilliseconds))
        computed = message.groups.map { _ in 0 }
    }

    /// Whether every row is computed.
    package var isComplete: Bool { computed.indices.allSatisfy { computed[$0] == message.groups[$0].rows } }
    /// Rows that wait to be computed.
    package var rowsLeft: Int { message.groups.reduce(0) { $0 + $1.rows } - computed.reduce(0, +) }
    /// The first group with rows left.
    var firstOpenGroup: Int? { computed.indices.first { rowsLeft(inGroup: $0) > 0 } }

    /// Rows of one group that wait to be computed.
    package func rowsLeft(inGroup group: Int) -> Int { message.groups[group].rows - computed[group] }

    /// Index within the frames of the first row of a group that waits.
    package func nextRow(ofGroup group: Int) -> Int {
        message.groups[..<group].reduce(0) { $0 + $1.rows } + computed[group]
    }

    /// Notes that the next rows of a group are computed.
    package func advance(group: Int, rows: Int) { computed[group] += rows }
}
