internal import Foundation
internal import Testing
internal import Transport

/// Carries something that is not `Sendable` to the one thread that will use it from now on.
private struct Handover<Value>: @unchecked Sendable {
    // Nobody else touches it after the thread was started.
    let value: Value
}

/// Runs the body on a thread of its own; false if it did not end in time, and then the thread is left behind.
private func ends(within seconds: Int, _ body: @escaping @Sendable () -> Void) -> Bool {
    let done = DispatchSemaphore(value: 0)
    Thread {
        body()
        done.signal()
    }.start()
    return done.wait(timeout: .now() + .seconds(seconds)) == .success
}

@Suite("Life of sockets, contexts and wakers")
struct ZMQLifeTests {
    @Test("a context ends although messages could not be sent")
    func teardown() throws {
        var options = ZMQSocketOptions()
        options.linger = .milliseconds(200)
        // Else the heartbeats would notice the peer that does not read, and end the wait by themselves.
        options.heartbeatInterval = .zero
        let settings = options
        // In a context of its own, and to the end of the test: were it closed, the queue would be dropped.
        let deaf = try ZMQExpertListener(bind: "tcp://127.0.0.1:*", context: ZMQContext(), options: settings)
        let endpoint = deaf.endpoint
        let ended = ends(within: 20) {
            do {
                let pair = try ZMQPair(transportOptions: settings)
                let link = try pair.transport.connect(endpoint)
                #expect(try pair.run(nil) { $0.connects(of: link) == 1 })
                let (header, tensor) = try Samples.dispatch(rows: 128, hiddenSize: 2048)
                // Until it is refused for half a second on end: the system's buffers and both queues are full then.
                var lastTaken = ContinuousClock.now
                while ContinuousClock.now - lastTaken < .milliseconds(500) {
                    if (try? pair.transport.send(header, tensor: tensor, to: link)) != nil {
                        lastTaken = .now
                    } else {
                        _ = try pair.transport.poll(timeout: .milliseconds(1))
                    }
                }
            } catch {
                Issue.record(error)
            }
        }
        #expect(ended)
        withExtendedLifetime(deaf) {}
    }

    @Test("a context ends although a link never found its node")
    func teardownUnconnected() {
        let ended = ends(within: 20) {
            do {
                let context = try ZMQContext()
                var options = ZMQSocketOptions()
                options.permitsPlain = true
                let transport = try ZMQExpertTransport(context: context, options: options)
                _ = try transport.connect("tcp://127.0.0.1:1")
                _ = try transport.connect("tcp://no-such-host.invalid:9000")
                _ = try transport.poll(timeout: .zero)
            } catch {
                Issue.record(error)
            }
        }
        #expect(ended)
    }

    @Test("a wake from another thread ends a wait of the router's")
    func wakeTransport() throws {
        let transport = try ZMQExpertTransport(context: ZMQContext())
        try checkWake(transport.waker) { try transport.poll(timeout: .seconds(30)).isEmpty }
    }

    @Test("a wake from another thread ends a wait of the node's")
    func wakeListener() throws {
        let listener = try ZMQExpertListener(bind: "tcp://127.0.0.1:*", context: ZMQContext())
        try checkWake(listener.waker) { try listener.poll(timeout: .seconds(30)).isEmpty }
    }

    @Test("a wake from another thread ends a wait in process, if it waits at all")
    func wakeInProcess() throws {
        let transport = try InProcessExpertTransport(waits: true)
        try checkWake(transport.waker) { try transport.poll(timeout: .seconds(30)).isEmpty }
        let impatient = try InProcessExpertTransport()
        let time = try ContinuousClock().measure { _ = try impatient.poll(timeout: .seconds(30)) }
        #expect(time < .seconds(10))
    }

    private func checkWake(_ waker: Waker, _ poll: () throws -> Bool) throws {
        let time = try ContinuousClock().measure {
            Thread { waker.wake() }.start()
            let isEmpty = try poll()
            #expect(isEmpty)
        }
        #expect(time < .seconds(10))
        // The wake was taken: a second one does not lie in wait.
        #expect(!waker.drain())
        waker.wake()
        waker.wake()
        #expect(waker.drain())
        #expect(!waker.drain())
    }

    @Test("a transport can be made on one thread and used by another")
    func handover() throws {
        let pair = Handover(value: try ZMQPair())
        let ended = ends(within: 20) {
            do {
                let pair = pair.value
                let link = try pair.connect()
                try pair.transport.send(Samples.heartbeat, tensor: nil, to: link)
                #expect(try pair.run { $0.nodeHeaders == [Samples.heartbeat] })
            } catch {
                Issue.record(error)
            }
        }
        #expect(ended)
    }

    @Test("a port or path in use is a clear error", arguments: ZMQLinkTests.endpoints)
    func addressInUse(endpoint: String) throws {
        let context = try ZMQContext()
        let path = endpoint.hasPrefix("ipc") ? endpoint + "-twice" : endpoint
        defer { ZMQLinkTests.clean(path) }
        let first = try ZMQExpertListener(bind: path, context: context)
        let error = #expect(throws: TransportError.self) {
            try ZMQExpertListener(bind: first.endpoint, context: ZMQContext())
        }
        #expect(error?.code == .addressInUse)
        #expect(error?.message.hasPrefix("port in use") == true)
    }

    @Test(
        "an endpoint that cannot be is refused at once",
        arguments: [
            "", "tcp://", "tcp://127.0.0.1", "tcp://:5", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:x", "http://a:1",
            "inproc://a", "ipc://", "ipc://" + String(repeating: "p", count: 108), "tcp://a b:1", "tcp://a\n:1",
        ]
    )
    func badEndpoint(endpoint: String) throws {
        let context = try ZMQContext()
        let transport = try ZMQExpertTransport(context: context)
        let connecting = #expect(throws: TransportError.self) { try transport.connect(endpoint) }
        #expect(connecting?.code == .invalidEndpoint)
        let binding = #expect(throws: TransportError.self) { try ZMQExpertListener(bind: endpoint, context: context) }
        #expect(binding?.code == .invalidEndpoint)
    }

    @Test("an address of another machine, or a folder that is not there, cannot be listened at")
    func foreignAddress() throws {
        let context = try ZMQContext()
        var options = ZMQSocketOptions()
        options.permitsPlain = true
        for endpoint in ["tcp://192.0.2.1:5999", "ipc:///no/such/folder/socket"] {
            let error = #expect(throws: TransportError.self) {
                try ZMQExpertListener(bind: endpoint, context: context, options: options)
            }
            #expect(error?.code == .invalidEndpoint)
        }
    }
}
