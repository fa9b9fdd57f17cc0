internal import Shared
internal import Transport

/// One accepted dispatch on its way through the node: its rows, and the result as far as it is computed.
final class PendingDispatch {
    let peer: PeerID
    let request: UInt64
    let message: DispatchMessage
    /// The rows as they came, `(rows, hiddenSize)` float32.
    let input: Frame
    /// The outputs in the same order.
    let output: Frame
    let accepted: ContinuousClock.Instant
    let deadline: ContinuousClock.Instant
    /// Rows of each group that are computed; groups are computed front to back.
    private var computed: [Int]
    /// When its first row began to compute.
    var started: ContinuousClock.Instant?
    var computeTime: Duration = .zero

    init(
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
    var isComplete: Bool { computed.indices.allSatisfy { computed[$0] == message.groups[$0].rows } }
    /// Rows that wait to be computed.
    var rowsLeft: Int { message.groups.reduce(0) { $0 + $1.rows } - computed.reduce(0, +) }
    /// The first group with rows left.
    var firstOpenGroup: Int? { computed.indices.first { rowsLeft(inGroup: $0) > 0 } }

    /// Rows of one group that wait to be computed.
    func rowsLeft(inGroup group: Int) -> Int { message.groups[group].rows - computed[group] }

    /// Index within the frames of the first row of a group that waits.
    func nextRow(ofGroup group: Int) -> Int {
        message.groups[..<group].reduce(0) { $0 + $1.rows } + computed[group]
    }

    /// Notes that the next rows of a group are computed.
    func advance(group: Int, rows: Int) { computed[group] += rows }
}
