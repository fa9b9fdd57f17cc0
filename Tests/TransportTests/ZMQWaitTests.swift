internal import Foundation
internal import Testing
internal import Transport

@Suite("Waits of sockets")
struct ZMQWaitTests {
    /// Longer than a wait, shorter than a wait for ever.
    private static let patience: Duration = .seconds(20)

    private func options(spin: Duration) -> ZMQSocketOptions {
        var options = ZMQSocketOptions()
        options.spin = spin
        return options
    }

    /// A node on a thread of its own: answers until it hears a goodbye.
    private func answer(on listener: ZMQExpertListener) throws {
        let end = ContinuousClock.now + Self.patience
        while end > .now {
            for case .message(let peer, let header, let tensor) in try listener.poll(timeout: .seconds(20)) {
                if case .goodbye = header.body { return }
                guard let reply = EchoNode.reply(to: header) else { continue }
                try listener.send(reply, tensor: tensor, to: peer)
            }
        }
    }

    /// What moves to the node's thread, which alone touches it then.
    private struct Moved: @unchecked Sendable {
        let listener: ZMQExpertListener
    }

    @Test("an answer is heard at once, also when a send in between took the news of it in", arguments: [0, 200, 5000])
    func noLostNews(microseconds: Int) throws {
        let options = options(spin: .microseconds(microseconds))
        let pair = try ZMQPair(listenerOptions: options, transportOptions: options)
        let link = try pair.connect()
        let moved = Moved(listener: pair.listener)
        let done = DispatchSemaphore(value: 0)
        Thread {
            try? answer(on: moved.listener)
            done.signal()
        }.start()
        let time = try ContinuousClock().measure {
            for number in 1...300 {
                let (header, tensor) = try Samples.dispatch(request: UInt64(number), rows: 1, hiddenSize: 64)
                try pair.transport.send(header, tensor: tensor, to: link)
                // Any use of the socket may take the news of the answer.
                for _ in 0..<number % 7 { try pair.transport.send(Samples.heartbeat, tensor: nil, to: link) }
                var heard: UInt64?
                while heard == nil {
                    for case .message(_, let reply, _) in try pair.transport.poll(timeout: Self.patience) {
                        heard = reply.request
                    }
                }
                #expect(heard == UInt64(number))
            }
        }
        try pair.transport.send(WireHeader(body: .goodbye(.init(reason: "done"))), tensor: nil, to: link)
        #expect(done.wait(timeout: .now() + 20) == .success)
        // An answer that is slept through is found when the wait is over.
        #expect(time < Self.patience)
    }

    @Test("a node that looks for work ends its wait in time, and when it is woken")
    func looking() throws {
        let listener = try ZMQExpertListener(
            bind: "tcp://127.0.0.1:*",
            context: ZMQContext(),
            options: options(spin: .seconds(600)),
        )
        let short = try ContinuousClock().measure { _ = try listener.poll(timeout: .milliseconds(30)) }
        #expect(short >= .milliseconds(30))
        #expect(short < Self.patience)
        let waker = listener.waker
        let woken = try ContinuousClock().measure {
            Thread { waker.wake() }.start()
            _ = try listener.poll(timeout: .seconds(60))
        }
        #expect(woken < Self.patience)
        #expect(!waker.drain())
    }
}
