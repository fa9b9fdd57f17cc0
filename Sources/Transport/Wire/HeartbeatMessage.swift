/// The sender lives, and how far it got.
package struct HeartbeatMessage: Hashable, Sendable {
    /// The sender's incarnation, as in its hello.
    package var incarnation: UInt64
    /// Batches computed since the start: a number that stands still beside queued rows is a hang.
    package var progress: UInt64
    /// Rows that wait to be computed.
    package var queuedRows: Int
    /// The sender finishes what it has and takes no more.
    package var draining: Bool

    /// Makes a heartbeat.
    package init(incarnation: UInt64, progress: UInt64, queuedRows: Int, draining: Bool = false) {
        self.incarnation = incarnation
        self.progress = progress
        self.queuedRows = queuedRows
        self.draining = draining
    }
}

extension HeartbeatMessage {
    func validate() throws(WireError) {
        guard (0...Int(UInt32.max)).contains(queuedRows) else {
            throw WireError(
                .limitExceeded,
                "heartbeat.queued_rows is \(queuedRows); 0 to \(UInt32.max) is expected",
            )
        }
    }
}
