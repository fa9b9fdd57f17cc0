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

    /// How a router may wait.
    enum Way: CaseIterable {
        case forAll
        case forExpected
        /// The latest look at all links is fresh, so only those that are expected are looked at.
        case forExpectedAlone
    }

    @Test(
        "an answer is heard at once, also when a send in between took the news of it in",
        arguments: Way.allCases,
        [0, 200]
    )
    func noLostNews(way: Way, microseconds: Int) throws {
        let options = options(spin: .microseconds(microseconds))
        let pair = try ZMQPair(listenerOptions: options, transportOptions: options)
        let link = try pair.connect()
        var times: [Duration] = []
        for number in 1...20 {
            let (header, tensor) = try Samples.dispatch(request: UInt64(number), rows: 1, hiddenSize: 64)
            try pair.transport.send(header, tensor: tensor, to: link)
            if way == .forExpectedAlone { #expect(try pair.transport.poll(timeout: .zero).isEmpty) }
            var isAnswered = false
            let end = ContinuousClock.now + Self.patience
            while !isAnswered, end > .now {
                for case .message(let peer, let header, let tensor) in try pair.listener.poll(timeout: .milliseconds(5))
                {
                    guard let reply = EchoNode.reply(to: header) else { continue }
                    try pair.listener.send(reply, tensor: tensor, to: peer)
                    isAnswered = true
                }
            }
            #expect(isAnswered)
            // A send looks for news once in a millisecond or so: after some of them one surely took the answer's. Few, for
            // every 32 messages there is other news, of room in the queue.
            for _ in 0..<(way == .forExpectedAlone ? 3 : 6) {
                try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
                for _ in 0..<2 { _ = try pair.listener.poll(timeout: .milliseconds(2)) }
            }
            var events: [LinkEvent] = []
            let time = try ContinuousClock().measure {
                let end = ContinuousClock.now + Self.patience
                // A wait may end for news that is no message.
                while events.isEmpty, end > .now {
                    events =
                        switch way {
                        case .forAll: try pair.transport.poll(timeout: Self.patience)
                        case .forExpected, .forExpectedAlone:
                            try pair.transport.poll(timeout: Self.patience, expecting: [link])
                        }
                }
            }
            times.append(time)
            let heard = events.compactMap { if case .message(link, let reply, _) = $0 { reply.request } else { nil } }
            #expect(heard == [UInt64(number)])
        }
        // One that is slept through is found when the wait is over, or by the look at all links every 10 ms.
        #expect(times.allSatisfy { $0 < Self.patience })
        // In some rounds other news may end it.
        #expect(times.sorted()[times.count / 2] < .milliseconds(8))
    }

    @Test("one that is expected and leaves is heard of while it is waited for")
    func loss() throws {
        let pair = try ZMQPair()
        var listener: ZMQExpertListener? = try ZMQExpertListener(bind: "tcp://127.0.0.1:*", context: ZMQContext())
        let link = try pair.transport.connect(try #require(listener).endpoint)
        #expect(try pair.run(listener) { $0.connects(of: link) == 1 })
        listener = nil
        let end = ContinuousClock.now + Self.patience
        var isLost = false
        while !isLost, end > .now {
            for event in try pair.transport.poll(timeout: Self.patience, expecting: [link]) {
                if case .disconnected(link) = event { isLost = true }
            }
        }
        #expect(isLost)
    }

    @Test("a node that looks for work ends its wait in time, and when it is woken")
    func looking() throws {
        let listener = try ZMQExpertListener(
            bind: "tcp://127.0.0.1:*",
            context: ZMQContext(),
            options: options(spin: .seconds(600)),
        )
        let short = try ContinuousClock().measure { _ = try listener.poll(timeout: .milliseconds(30)) }
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
