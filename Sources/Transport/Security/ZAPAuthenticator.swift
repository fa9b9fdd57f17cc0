/// Answers ZeroMQ's question whether the holder of a key may connect, for all listeners of one context.
///
/// It listens from its making on, so questions wait until somebody serves them; whoever connects meanwhile waits too, and
/// is never let in unasked. Not `Sendable`: one thread serves, which may be another than the listeners'. A thread that
/// computes for seconds would keep new peers waiting as long.
package final class ZAPAuthenticator {
    /// Ends a wait from any thread.
    package let waker: Waker
    private let socket: ZMQSocket
    private let admits: @Sendable (CurvePublicKey) -> Bool

    /// Listens for the questions of a context; throws when another does so already.
    package init(
        context: ZMQContext,
        admits: @escaping @Sendable (CurvePublicKey) -> Bool,
    ) throws(TransportError) {
        self.admits = admits
        do {
            waker = try Waker()
            var options = ZMQSocketOptions()
            options.linger = .zero
            socket = try ZMQSocket(.router, context: context, options: options)
            try socket.bind("inproc://zeromq.zap.01")
        } catch {
            throw TransportError(error)
        }
    }

    /// Waits for questions, at most this long, and answers those that are there.
    package func serve(for timeout: Duration) throws(TransportError) {
        do {
            if try answerAll() { return }
            var poller = ZMQPoller(waker: waker)
            poller.add(socket)
            try poller.wait(timeout)
            if poller.hasNews(0) { waker.drain() }
            _ = try answerAll()
        } catch {
            throw TransportError(error)
        }
    }

    /// Answers what is there; false if there was nothing.
    private func answerAll() throws(ZMQError) -> Bool {
        var isAny = false
        while let received = try socket.receive(keeping: ZAPRequest.frameLimit) {
            isAny = true
            guard let request = ZAPRequest(received.frames.map { $0.copyBytes() }) else { continue }
            let isIn = request.key.map(admits) ?? false
            var answer: [Frame] = []
            for bytes in request.answer(admits: isIn) { answer.append(try Frame(copying: bytes)) }
            do {
                try socket.send(answer)
            } catch {
                // The peer that was asked about has left.
            }
        }
        return isAny
    }
}
