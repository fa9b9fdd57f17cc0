extension Waker {
    /// Waits for a wake, at most this long, and takes it; for an owner that has nothing else to poll.
    package func wait(for timeout: Duration) {
        var poller = ZMQPoller(waker: self)
        // The one failure is a descriptor that is none, and ours lives as long as we do.
        try? poller.wait(timeout)
        drain()
    }
}
