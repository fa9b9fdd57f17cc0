extension Waker {
    /// Waits for a wake, at most this long, and takes it; for an owner that has nothing else to poll.
    package func wait(for timeout: Duration) {
        var poller = ZMQPoller(waker: self)
        // It can only fail for a descriptor that is none, and ours lives as long as we do.
        try? poller.wait(timeout)
        drain()
    }
}
